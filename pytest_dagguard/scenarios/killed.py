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
  Where the task starts a pod of Kubernetes, that is evicted, loses its node, runs out of memory, or starts later than
  it is waited for.

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


_STARTUP = 120.0
"""Seconds for which KubernetesPodOperator waits by default until its pod has started."""


def plan(task: Task) -> Plan:
    """Kill at each distinct state, then try again."""
    tries = min(MOST_TRIES, max(1, task.retries))
    waits = task.arguments.get("startup_timeout_seconds")
    pending = float(waits) if isinstance(waits, (int, float)) else _STARTUP
    return Plan("killed", "kills-and-fates", retries=tries, cleared=task.retries == 0, gap=NEXT_TRY, pending=pending)


SCENARIO = Scenario("the worker is killed in the middle and the task is tried again", TEXT, plan)
