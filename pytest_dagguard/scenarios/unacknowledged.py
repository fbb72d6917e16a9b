"""A reply is lost or the service is throttled, and the worker lives on."""

from __future__ import annotations

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.plan import Plan
from pytest_dagguard.model.scenario import MOST_TRIES, NEXT_TRY, Scenario

TEXT = """\
What it does
  Answers an operation that changes the cloud with 503 or a cut connection although it took effect, and with 503 or 429
  although it did not. The client library, and then Airflow, try again as they do in production. The cloud must end up
  as one clean run leaves it.

Why is this bad
  Clouds answer 503 and 429 every day, and connections break. A request whose reply is lost has happened, and is sent
  again: a conditional write then meets itself and fails, an append is done twice. BBC ran into GCS access limits (429)
  while precomputing.

Example
  blob.upload_from_string(data, if_generation_match=0)   # it took effect, the reply is lost,
                                                         # the second try gets 412 and the task fails

Use instead
  try: blob.upload_from_string(data, if_generation_match=0)
  except PreconditionFailed:                             # somebody was faster: was it us?
      if blob.download_as_bytes() != data: raise
"""


def plan(task: Task) -> Plan:
    """Disturb each operation that changes something."""
    tries = min(MOST_TRIES, max(1, task.retries))
    return Plan("unacknowledged", "disturbances", retries=tries, cleared=task.retries == 0, gap=NEXT_TRY)


SCENARIO = Scenario("replies are lost and services throttled", TEXT, plan)
