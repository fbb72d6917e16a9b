"""The task runs, succeeds, and somebody clears it: it runs again."""

from __future__ import annotations

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.plan import Plan
from pytest_dagguard.model.scenario import NEXT_TRY, Scenario

TEXT = """\
What it does
  Runs the task to its end, and then again with the same logical date and run id, as when somebody clears it or a
  backfill comes by. The second run is a day later. The cloud must end up as one clean run leaves it.

Why is this bad
  Reruns are Airflow's answer to everything: a late file, a bug that was mended, a wrong number. A task that appends, or
  that makes up a new name each time, doubles the data, and whoever reads it cannot tell. BBC's training data doubled
  like this.

Example
  key = f"clean/part-{uuid.uuid4()}.csv"        # a second file at each run

Use instead
  key = f"clean/ds={ds}/part-0.csv"             # the same file at each run of the same interval
"""


def plan(task: Task) -> Plan:
    """Run, then run again."""
    return Plan("twice", "rerun", retries=max(1, task.retries), cleared=True, gap=NEXT_TRY)


SCENARIO = Scenario("the task is run again after it succeeded", TEXT, plan)
