"""The worker is asked to go: SIGTERM, a grace period, SIGKILL."""

from __future__ import annotations

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.plan import Plan
from pytest_dagguard.model.scenario import MOST_TRIES, NEXT_TRY, Scenario

TEXT = """\
What it does
  Sends SIGTERM after each operation that left a distinct state, as Kubernetes does when it evicts a pod. Airflow 3
  answers it by calling the operator's on_kill(), and the task goes on. Then SIGKILL falls at once, or after one more
  operation, or the task uses its time to the end; if it did not succeed it is tried again. The cloud must end up as one
  clean run leaves it, and a task that cut its work short must not be reported as a success.

Why is this bad
  Deployments, node upgrades and autoscalers end workers politely many times a day. A handler that stops a loop early
  lets the task end "successfully" with half of its output. One that deletes the output may run when its retry already
  writes.

Example
  def on_kill(self):
      self.stop = True                          # execute() leaves its loop and returns: success, half done

Use instead
  def on_kill(self):
      self.stop = True                          # and in execute(), after the loop:
                                                # if self.stop: raise AirflowException("stopped half way")
"""


def plan(task: Task) -> Plan:
    """SIGTERM at each distinct state, with no, little and much time left."""
    tries = min(MOST_TRIES, max(1, task.retries))
    return Plan("terminated", "terminations", retries=tries, cleared=task.retries == 0, gap=NEXT_TRY)


SCENARIO = Scenario("the worker gets SIGTERM, and SIGKILL some time later", TEXT, plan)
