"""The tasks after one task, run in the world that it left, for as long as something there is still under way.

A task that submits a job and returns has been a success; what stops a job that never ends is then a task after it: a
sensor with a time-out, a task that cancels. They are run one after the other and timed as if each had begun when those
before it had ended.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_dagguard.engine import reasons
from pytest_dagguard.engine.lab import Lab, Subject
from pytest_dagguard.engine.trigger_rules import SUCCESS, WAITS, Before, becomes
from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.dag import Dag, Task
from pytest_dagguard.model.scenario import MOST_TRIES
from pytest_dagguard.model.unending import UNTRIED, WAITING, Stand, Unending


def fate(task: Task, states: Mapping[str, str], setups: Collection[str] = ()) -> str:
    """What becomes of a task without its being run: a state; empty where Airflow runs it.

    :param states: of tasks before it; one that is not among them has succeeded
    :param setups: which of the tasks before it are setups
    """
    if task.mapped or task.mapped_group:
        return UNTRIED
    before = [Before(states.get(each, SUCCESS), each in setups) for each in task.upstream]
    found = becomes(task.trigger_rule, before)
    return UNTRIED if found == WAITS else found


Tries = Sequence[tuple[AttemptResult, float]]
"""Tries of one task, each with the virtual time at which it ended."""


def stand(task: Task, tries: Tries, began: float, start: float = 0.0) -> Stand:
    """How a task came out of it.

    :param began: virtual time at which its first try began
    :param start: seconds after the beginning of all at which that is taken to have been
    """
    last, until = tries[-1]
    again = last.state == "up_for_retry"
    return Stand(
        task.task_id,
        "failed" if again else last.state,
        start,
        start + until - began,
        len(tries),
        max(0, task.retries - len(tries) + 1) if again else 0,
        until - (tries[-2][1] if len(tries) > 1 else began),
        last.error,
        last.error_kind,
    )


@dataclass(slots=True)
class Following:
    """Runs what follows a task in a world in which nothing ends.

    :param subject: the task that it began with
    :param began: virtual time at which that one began
    :param problem: why an attempt was given up that did not wait for ever; empty where none was
    """

    lab: Lab
    dag: Dag
    subject: Subject
    began: float
    problem: reasons.Reason = reasons.NONE

    def go(self, first: Stand) -> Unending:
        """Run the tasks after it while something is under way; say what came of all."""
        stands = {first.task_id: first}
        after = self.dag.descendants(first.task_id)
        setups = {each.task_id for each in self.dag.tasks if each.is_setup}
        for task in self.dag.tasks:
            if task.task_id not in after or self.problem[0] or not self.lab.cloud.call("running"):
                continue
            start = max(stands[each].at_most for each in task.upstream if each in stands)
            state = fate(task, {each.task_id: each.state for each in stands.values()}, setups)
            state = state or ("skipped" if self._left_out(task) else "")
            stands[task.task_id] = Stand(task.task_id, state, start, start, 0) if state else self._run(task, start)
        left = {name: limit - self.began for name, limit in self.lab.cloud.call("running").items()}
        bounded = bool(self.dag.settings.get("dagrun_timeout"))
        return Unending(tuple(self.lab.cloud.call("unending")), tuple(stands.values()), left, bounded)

    def _left_out(self, task: Task) -> bool:
        """Say whether a branch before the task has told Airflow to skip it."""
        payload = {"dag_id": self.dag.dag_id, "run_id": self.subject.run_id, "task_id": task.task_id}
        row = self.lab.cloud.call("command", "airflow", "ti", payload)
        return row is not None and row["state"] == "skipped"

    def _run(self, task: Task, start: float) -> Stand:
        subject = replace(self.subject, task_id=task.task_id, retries=task.retries, map_index=-1)
        actors, began = self.lab.actors, self.lab.cloud.call("now")
        tries: list[tuple[AttemptResult, float]] = []
        for number in range(1, 2 + min(task.retries, MOST_TRIES)):
            actor = f"{task.task_id} {number}"
            actors.launch(subject, actor, number, task.retries, 0.0, False, 0)
            kind, what = actors.proceed(actor, None)
            if kind != "exited":
                actors.kill(actor)
                if not what.startswith(reasons.FOR_EVER):
                    self.problem = reasons.of_giving_up(actor, what)
                what = AttemptResult(actor, WAITING)
            tries.append((what, self.lab.cloud.call("now")))
            if what.state != "up_for_retry":
                break
        return stand(task, tries, began, start)
