"""A frozen worker wakes up after its retry has finished."""

from __future__ import annotations

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.plan import Plan
from pytest_dagguard.model.scenario import MOST_TRIES, NEXT_TRY, Scenario

TEXT = """\
What it does
  Freezes attempt 1 where it has just changed something or is about to, runs its retry to the end, and wakes attempt 1,
  which goes on with what it knew before. What Airflow's API refuses to a superseded attempt is refused here too. The
  cloud must end up as one clean run leaves it. Then the same with inputs that change: before the retry starts, each
  CSV or JSON lines object that the task reads gets its last row a second time, and the cloud must end up as a clean run
  on that leaves it. Where it does not, the late write of a frozen worker has won, which is a warning.

Why is this bad
  Airflow takes a worker that does not report for dead, and starts the task elsewhere. The worker may only have been
  frozen. When it wakes, nothing stops its next request to the cloud: it overwrites what is newer, deletes what its
  retry has made, or fails half way through a move.

Example
  rows = read(target)                           # frozen here for ten minutes,
  write(target, rows + new)                     # and what the retry wrote is overwritten with old rows

Use instead
  write(f"{target}/ds={ds}", new)               # write what depends on this interval alone
                                                # or write on the condition that nobody else has (If-Match)
"""


def plan(task: Task) -> Plan:
    """Freeze at each distinct state, finish the retry, wake up."""
    tries = min(MOST_TRIES, max(1, task.retries))
    return Plan("zombie", "zombies", retries=tries, cleared=task.retries == 0, gap=NEXT_TRY, drifts=True)


SCENARIO = Scenario("a frozen worker wakes up after its retry has finished", TEXT, plan)
