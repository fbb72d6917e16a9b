"""An external job that never ends."""

from __future__ import annotations

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.plan import Plan
from pytest_dagguard.model.scenario import MOST_TRIES, NEXT_TRY, Scenario

TEXT = """\
What it does
  Runs the task in a world in which no pod and no external job that it starts ever ends, for sixty days of virtual
  time. Where it has started one and returns, the tasks after it run in the same world: a sensor among them may be what
  stops. Asked is whether anything stops, after how many hours, and whether the job itself is then still running. A
  task that waits for ever fails; so does a job that runs for ever and that nobody waits for. Where the task stops and
  leaves the job running, that is a warning. A limit of the job's own (a Glue job has one) counts.
  Child DAG runs end as always: their own tasks are checked where they are. Runs on request only.

Why is this bad
  Jobs hang: a worker that waits for a lock, a shuffle without space, an autoscaler that never scales. Nobody looks at a
  DAG that is still running, and the machines are paid for by the hour.

Example
  DataflowTemplatedJobStartOperator(task_id="load", template=...)     # waits for as long as the job runs

Use instead
  DataflowTemplatedJobStartOperator(task_id="load", template=..., execution_timeout=timedelta(hours=4))
                                                # and see that on_kill cancels the job, or give it a limit of its own
"""


def plan(task: Task) -> Plan:
    """One attempt and its retries, in a world in which nothing ends."""
    return Plan("endless", "endless", retries=min(MOST_TRIES, max(1, task.retries)), gap=NEXT_TRY)


SCENARIO = Scenario("an external job or a pod never ends: does anything stop, and when", TEXT, plan)
