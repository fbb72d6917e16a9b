"""An older interval is run after a newer one."""

from __future__ import annotations

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.plan import Plan
from pytest_dagguard.model.scenario import NEXT_TRY, Scenario

TEXT = """\
What it does
  Runs the task for the next day first and for its own day afterwards, as a backfill or a late clear does. The cloud
  must end up as it does when the two days run in their order. The seed must have what the next day needs.

Why is this bad
  A task that keeps one "latest" for all days, or carries a total from day to day, is right only while the days run in
  their order. A backfill of last month then overwrites today.

Example
  s3.put_object(Bucket="reports", Key="latest.csv", Body=rows_of(ds))   # last month becomes the latest

Use instead
  s3.put_object(Bucket="reports", Key=f"ds={ds}/report.csv", Body=rows_of(ds))
                                                # and let the reader, or a task of its own, pick the newest
"""


def plan(task: Task) -> Plan:
    """Run the next day, then this one."""
    return Plan("backfilled", "reversed", gap=NEXT_TRY, peer="interval")


SCENARIO = Scenario("an older interval is run after a newer one", TEXT, plan)
