"""A worker freezes, Airflow starts the retry, and the frozen worker wakes up."""

from __future__ import annotations

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.plan import Plan
from pytest_dagguard.model.scenario import MOST_TRIES, NEXT_TRY, Scenario

TEXT = """\
What it does
  Lets two attempts of one task instance overlap: attempt 1 freezes after each of its operations in turn, its retry runs
  from start to end, attempt 1 goes on; and the other way round. Freezes that cannot make a difference, since the next
  operation touches nothing that the other attempt touches, are left out. Then both take turns in every order that can
  make a difference, as far as the budget goes. What Airflow's API refuses to a superseded attempt is refused here too.
  The cloud must end up as one clean run leaves it.

Why is this bad
  A worker that loses its heartbeat (a frozen machine, a long pause, a network that is cut) is not dead. Airflow starts
  the retry, and for a while both run. At BBC two pods that both moved a model deleted it between them.

Example
  if not s3.exists(target):                     # both attempts look,
      s3.copy(source, target)                   # both copy,
      s3.delete(source)                         # and the second finds nothing to copy

Use instead
  s3.copy(source, target)                       # overwrite the target with the same bytes: harmless twice
                                                # and leave the source to a later task or a lifecycle rule
"""


def plan(task: Task) -> Plan:
    """Preempt each attempt by the other at each of its operations."""
    tries = min(MOST_TRIES, max(1, task.retries))
    return Plan("concurrent", "overlaps", retries=tries, cleared=task.retries == 0, gap=NEXT_TRY)


SCENARIO = Scenario("a frozen attempt and its retry overlap", TEXT, plan)
