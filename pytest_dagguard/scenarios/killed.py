"""The worker dies in the middle, and the task is tried again."""

from __future__ import annotations

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.plan import Plan
from pytest_dagguard.model.scenario import MOST_TRIES, NEXT_TRY, Scenario

TEXT = """\
What it does
  Stops the task after an operation that changed the cloud, once for each different state the cloud can be left in, and
  runs its retry. Each finding is confirmed by three real SIGKILLs. The cloud must end up as one clean run leaves it.
  SIGKILL runs no code and leaves no memory, so the retry depends on the cloud, its inputs and the try number alone:
  one kill for each distinct state is enough. Where a task has no retries, the second try is somebody clearing it.

Why is this bad
  Workers are evicted, run out of memory, lose their node. What they had begun stays. A retry that appends to it, moves
  what is no longer there, or refuses because something exists already, turns a restart into lost or doubled data.

Example
  s3.delete_object(Bucket="raw", Key=key)       # killed here: the source is gone,
  s3.put_object(Bucket="clean", Key=key, ...)   # and this was never written

Use instead
  s3.put_object(Bucket="clean", Key=key, ...)   # first make sure of the result, under its final name,
  s3.delete_object(Bucket="raw", Key=key)       # then remove what it was made of
"""


def plan(task: Task) -> Plan:
    """Kill at each distinct state, then try again."""
    tries = min(MOST_TRIES, max(1, task.retries))
    return Plan("killed", "kill-states", retries=tries, cleared=task.retries == 0, gap=NEXT_TRY)


SCENARIO = Scenario("the worker is killed in the middle and the task is tried again", TEXT, plan)
