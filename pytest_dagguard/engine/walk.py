"""A walk through one DAG: each task runs once in order, so that the next finds what those before it leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from pytest_dagguard.engine.experiment import carry_out
from pytest_dagguard.engine.lab import Lab, Subject
from pytest_dagguard.engine.points import points_of
from pytest_dagguard.engine.reasons import of_failure
from pytest_dagguard.model.dag import Dag, Task
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Point, Run
from pytest_dagguard.oracle import noise

OTHER_DAY = timedelta(days=403, hours=5, minutes=13, seconds=7).total_seconds()
"""The clock of the second clean run is ahead by this: year, month, day, weekday and time of day all differ."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What clean runs of one task are like.

    :param start: number of the kept state that the task begins with
    :param clean: what the oracle compares with; None where ``reason`` says why there is none
    :param points: the operations of the clean run
    """

    subject: Subject
    start: int
    clean: noise.Clean | None
    points: tuple[Point, ...]
    outcome: Outcome | None
    reason: str = ""
    group: str = ""


@dataclass(slots=True)
class _Step:
    """A task after its first clean run."""

    subject: Subject
    start: int
    outcome: Outcome | None
    reason: str = ""
    group: str = ""
    baseline: Baseline | None = None


class Walk:
    """The tasks of one DAG, run as far as they were asked for."""

    def __init__(self, lab: Lab, file: str, dag: Dag, allow: Mapping[str, str], seed: str) -> None:
        """
        :param allow: resource patterns that need not be idempotent, with reasons
        :param seed: the seed folder as the user would type it, for messages
        """
        self.lab, self.file, self.dag, self.allow, self.seed = lab, file, dag, allow, seed
        self.run_id = f"manual__{lab.options.logical_date}"
        self._steps: dict[str, _Step] = {}
        self._kept: list[int] = []
        self._here = lab.origin

    def baseline(self, task_id: str) -> Baseline:
        """Run the tasks up to this one once, and this one a second time, and learn what may vary."""
        for task in self.dag.tasks:
            if task.task_id not in self._steps:
                self._steps[task.task_id] = self._advance(task)
            if task.task_id == task_id:
                break
        step = self._steps[task_id]
        if step.baseline is None:
            step.baseline = self._learn(step)
        return step.baseline

    def close(self) -> None:
        """Let go of the kept states."""
        for number in self._kept:
            self.lab.cloud.call("forget", number)
        self._kept.clear()

    def _advance(self, task: Task) -> _Step:
        subject = Subject(
            self.file,
            self.dag.dag_id,
            task.task_id,
            self.run_id,
            task.retries,
            tasks=tuple(each.task_id for each in self.dag.tasks),
        )
        step = _Step(subject, self._here, None)
        for ancestor in sorted(self.dag.ancestors(task.task_id)):
            before = self._steps.get(ancestor)
            if before is not None and before.reason:
                why = before.reason.split(" (upstream", 1)[0]
                step.reason = f"its upstream task {ancestor} gives no clean run: {why}"
                step.group = before.group
                return step
        if task.mapped:
            step.reason, step.group = "it is mapped at run time, and mapped tasks are not run yet", "mapped tasks"
            return step
        outcome, kept = carry_out(
            self.lab, subject, self._here, (Run(1),), (0.0,), cleared=False, where=True, seed=1, keep=True
        )
        step.outcome = outcome
        if outcome.unreachable:
            step.reason, step.group = outcome.unreachable, outcome.group
        elif not outcome.last.succeeded:
            step.reason, step.group = of_failure(outcome.last, outcome, self.seed)
        if step.reason:
            self.lab.cloud.call("forget", kept)
        else:
            self._here = kept
            self._kept.append(kept)
        return step

    def _learn(self, step: _Step) -> Baseline:
        if step.reason or step.outcome is None:
            return Baseline(step.subject, step.start, None, (), step.outcome, step.reason, step.group)
        second, _ = carry_out(
            self.lab, step.subject, step.start, (Run(1),), (OTHER_DAY,), cleared=False, where=False, seed=2
        )
        if second.unreachable or not second.last.succeeded:
            reason = second.unreachable or of_failure(second.last, second, self.seed)[0]
            reason = f"a second clean run, {OTHER_DAY / 86400:.0f} days later, comes out differently: {reason}"
            return Baseline(step.subject, step.start, None, (), step.outcome, reason, "unstable")
        clean = noise.learn(step.outcome, second, self.lab.content, self.allow)
        if clean.unstable:
            return Baseline(step.subject, step.start, None, (), step.outcome, clean.unstable, "unstable")
        return Baseline(step.subject, step.start, clean, points_of(step.outcome, clean), step.outcome)
