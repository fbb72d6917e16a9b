"""The message by which Celery starts the task is lost or comes twice, or its worker is gone."""

from __future__ import annotations

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.plan import Plan
from pytest_dagguard.model.scenario import NEXT_TRY, Scenario

TEXT = """\
What it does
  Runs the task by real Celery workers with Airflow's own Celery app, and with fakeredis as broker and result backend.
  The message is lost before a worker takes it; a worker is frozen for longer than its message is hidden, and another
  worker gets the same one (visibility timeout); a worker is killed between its start and the acknowledgement. Airflow
  refuses a second start of a try that runs, and sends the task again or tries it again. The cloud must end up as one
  clean run leaves it. Workers take real time, up to a minute for each of the three, whatever the budget. It needs
  apache-airflow-providers-celery.

Why is this bad
  Redis as a broker may forget a message, and delivers one again that is not acknowledged in time. A task that was
  queued and vanished from every system, and one that ran twice, were seen in production (Posedio).

Example
  [celery_broker_transport_options]
  visibility_timeout = 3600                     # a task of two hours is delivered again after one

Use instead
  visibility_timeout = 86400                    # longer than the longest task
  default_args={"retries": 2, ...}              # a worker that is gone takes the try along: have another one
"""


def plan(task: Task) -> Plan:
    """Lose the message, deliver it twice, kill the worker."""
    return Plan("celery", "deliveries", retries=1, cleared=task.retries == 0, gap=NEXT_TRY)


SCENARIO = Scenario("the message to a Celery worker is lost or comes twice, or the worker is gone", TEXT, plan)
