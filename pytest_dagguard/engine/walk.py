"""A walk through one DAG: each task runs once in order, so that the next finds what those before it leave."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from pytest_dagguard.engine import downstream, reasons, upstream
from pytest_dagguard.engine.experiment import carry_out
from pytest_dagguard.engine.lab import Lab, Subject
from pytest_dagguard.engine.memory import Memory
from pytest_dagguard.engine.points import points_of
from pytest_dagguard.engine.upstream import Upstream
from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.counting import count, sources
from pytest_dagguard.model.dag import Dag, Task
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Point, Run
from pytest_dagguard.oracle import noise
from pytest_dagguard.oracle.canonical import Canon

OTHER_DAY = timedelta(days=403, hours=5, minutes=13, seconds=7).total_seconds()
"""The clock of the second clean run is ahead by this: year, month, day, weekday and time of day all differ."""

MOST_INDICES = 100
"""More map indices are not run before the tasks downstream: they show nothing new and cost a fork each."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What clean runs of one task are like.

    :param start: number of the kept state that the task begins with
    :param clean: what the oracle compares with; None where ``reason`` says why there is none
    :param points: the operations of the clean run
    :param notes: what is unusual about the state that it begins with, one line each
    :param peer: the task instance that attempt 2 is of, where it is another
    :param after: number of the kept state that ``outcome`` left; 0 where it is not kept
    """

    subject: Subject
    start: int
    clean: noise.Clean | None
    points: tuple[Point, ...]
    outcome: Outcome | None
    reason: str = ""
    group: str = ""
    notes: tuple[str, ...] = ()
    peer: Subject | None = None
    after: int = 0


@dataclass(slots=True)
class _Step:
    """A task after its first clean run.

    :param subject: of a mapped task its map index 0
    :param outcome: of its first clean run
    :param state: as :class:`~pytest_dagguard.engine.upstream.Upstream` has it
    :param reason: why it gives no clean run; empty where it does
    :param root: the task that it is for, perhaps one far before this
    :param after: number of the kept state that ``outcome`` left
    :param ends: states in which the instances that were run have ended
    :param counts: what these count as in Airflow, as :class:`~pytest_dagguard.engine.upstream.Upstream` has it
    :param retried: what is known with another try number, where that was asked for
    """

    task: Task
    subject: Subject
    start: int
    outcome: Outcome | None = None
    state: str = upstream.UNKNOWN
    reason: str = ""
    group: str = ""
    root: str = ""
    notes: tuple[str, ...] = ()
    baseline: Baseline | None = None
    after: int = 0
    ends: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    retried: tuple[noise.Clean, str] | None = None

    def end(self, reason: tuple[str, str]) -> None:
        """There is no clean run."""
        self.reason, self.group = reason
        self.root = self.task.task_id


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
        self.memories: dict[str, Memory] = {}
        self._kept: list[int] = []
        self._here = lab.origin

    def baseline(self, task_id: str) -> Baseline:
        """Run the tasks up to this one once, and this one a second time, and learn what may vary."""
        self._go_to({task_id})
        step = self._steps[task_id]
        if step.baseline is None:
            step.baseline = self._learn(step)
            self.memories = {task_id: Memory()}  # one task is asked about after the other
        return step.baseline

    def before(self, task: Task) -> list[Upstream]:
        """The tasks directly before one; those that were not walked over yet are run once."""
        known = {each.task_id for each in self.dag.tasks}
        self._go_to(set(task.upstream) & known)
        return [_as_seen_by(task, self.dag.task(each), self._before(each)) for each in task.upstream if each in known]

    def _go_to(self, task_ids: set[str]) -> None:
        """Run the tasks up to these once, in order."""
        for task in self.dag.tasks:
            if task_ids <= self._steps.keys():
                break
            if task.task_id not in self._steps:
                self._steps[task.task_id] = self._advance(task)

    def as_retry(self, task_id: str) -> tuple[noise.Clean, str]:
        """What a clean run is like where the try number is not 1, and what is remarkable about it; run when asked.

        The task must have a baseline with a clean run.
        """
        step = self._steps[task_id]
        baseline = self.baseline(task_id)
        assert baseline.clean is not None
        assert step.outcome is not None
        if step.retried is None:
            schedule = (Run(2),)
            outcome, _ = carry_out(self.lab, step.subject, step.start, schedule, (0.0,), cleared=True, seed=1)
            if outcome.unreachable or not outcome.last.succeeded:
                step.retried = baseline.clean, "a clean run with another try number does not succeed"
            else:
                step.retried = noise.with_try_number(baseline.clean, step.outcome, outcome, self.lab.content)
        return step.retried

    def close(self) -> None:
        """Let go of the kept states."""
        for number in self._kept:
            self.lab.cloud.call("forget", number)
        self._kept.clear()

    def _advance(self, task: Task) -> _Step:
        names = tuple(each.task_id for each in self.dag.tasks)
        subject = Subject(
            self.file,
            self.dag.dag_id,
            task.task_id,
            self.run_id,
            task.retries,
            tasks=names,
            assets=self.dag.assets,
            retry_delay=task.retry_delay,
        )
        step = _Step(task, subject, self._here)
        known = [each for each in task.upstream if each in self._steps]
        before = [_as_seen_by(task, self._steps[each].task, self._before(each)) for each in known]
        left_out = self._left_out(task)
        hindrance = upstream.hindrance(task, before)
        fate = upstream.SKIPPED if left_out else upstream.fate(task, before)
        step.counts = (fate,) if fate else ()
        if hindrance:
            root = self._steps[self._steps[hindrance].root]
            step.reason = reasons.of_upstream(root.task.task_id, root.reason, self.dag.dag_id, self.seed)
            step.group, step.root = root.group, root.task.task_id
            return step
        step.notes = upstream.remarks(task, before, left_out, self.seed)
        if task.mapped_group and (task.mapped or task.length is None):
            step.end(reasons.of_mapped_group(task.mapped_group))
        elif task.mapped or task.mapped_group:
            self._run_mapped(step)
        else:
            self._run(step)
        step.counts = step.counts or step.ends
        return step

    def _before(self, task_id: str) -> Upstream:
        """A task that was walked over, as the tasks after it see it."""
        step = self._steps[task_id]
        state = step.state
        if state == upstream.UNKNOWN and task_id in self.lab.options.seed.xcoms.get(self.dag.dag_id, {}):
            state = upstream.SEEDED
        return Upstream(task_id, state, step.task.is_setup, step.counts)

    def _left_out(self, task: Task) -> bool:
        """Say whether a branch before the task has told Airflow to skip it in this run."""
        if task.mapped_group:
            return bool(self._airflow("left_out", task.task_id, map_index=0, upstream=list(task.upstream)))
        row = self._airflow("ti", task.task_id)
        return row is not None and row["state"] == "skipped"

    def _airflow(self, command: str, task_id: str, **more: Any) -> Any:
        self.lab.cloud.call("restore", self._here)
        payload = {"dag_id": self.dag.dag_id, "run_id": self.run_id, "task_id": task_id, **more}
        return self.lab.cloud.call("command", "airflow", command, payload)

    def _run(self, step: _Step) -> None:
        """Run the subject of a step once, and go on from what it leaves."""
        outcome, kept = carry_out(
            self.lab, step.subject, self._here, (Run(1),), (0.0,), cleared=False, where=True, seed=1, keep=True
        )
        step.outcome = step.outcome or outcome
        if outcome.unreachable:
            step.end((outcome.unreachable, outcome.group))
        elif not outcome.last.succeeded:
            self._fail(step, outcome)
        elif outcome.children:
            step.end(reasons.of_children(outcome.children))
        if step.reason:
            self.lab.cloud.call("forget", kept)
            return
        step.state = upstream.SKIPPED if outcome.last.state == "skipped" else upstream.SUCCESS
        step.ends = (*step.ends, step.state)
        step.after = step.after or kept
        self._here = kept
        self._kept.append(kept)

    def _fail(self, step: _Step, outcome: Outcome) -> None:
        """A clean run failed; where it runs after tasks that give none, those are the likeliest cause."""
        failed = reasons.of_failure(outcome.last, outcome, step.task, self.seed)
        step.end(failed)
        before = [self._steps[each] for each in step.task.upstream if each in self._steps]
        lacking = next((each for each in before if self._before(each.task.task_id).state == upstream.UNKNOWN), None)
        if lacking is not None and failed[1] in reasons.MAY_FOLLOW:
            root = self._steps[lacking.root]
            step.reason, step.group = reasons.of_lacking(failed, root.task.task_id, (root.reason, root.group))
            step.root = lacking.root

    def _run_mapped(self, step: _Step) -> None:
        """Run each map index of a mapped task once, in order."""
        length = step.task.length
        named = sources(length) if length is not None else ()
        number = count(length, lambda task_id: self._airflow("mapped_length", task_id)) if length else None
        if not number:
            step.end(reasons.of_mapping(named, number))
            return
        first = step.subject = replace(step.subject, map_index=0)
        start = self._here
        if step.task.mapped_group:
            self._expand(step.task.mapped_group, min(number, MOST_INDICES))
            step.start = self._here
        for index in range(min(number, MOST_INDICES)):
            step.subject = replace(first, map_index=index)
            self._run(step)
            if step.reason:
                step.reason, self._here = f"map index {index} of {number}: {step.reason}", start
                break
        step.subject = first
        cut = f", of which {MOST_INDICES} were run before the tasks after it"
        group = f"in the task group {step.task.mapped_group}, " if step.task.mapped_group else ""
        many = f"{group}mapped over {number} values{cut if number > MOST_INDICES else ''}"
        step.notes = (*step.notes, f"{many}; tried is map index 0")

    def _expand(self, group: str, number: int) -> None:
        """Have the instances of all tasks of a mapped group be there before the first of them runs, as in Airflow."""
        members = [each.task_id for each in self.dag.tasks if each.mapped_group == group and not each.mapped]
        payload = {"dag_id": self.dag.dag_id, "run_id": self.run_id, "task_ids": members, "length": number}
        self.lab.cloud.call("restore", self._here)
        self.lab.cloud.call("command", "airflow", "expand", payload)
        self._here = self.lab.cloud.call("snapshot")
        self._kept.append(self._here)

    def _learn(self, step: _Step) -> Baseline:
        if step.reason or step.outcome is None:
            return Baseline(step.subject, step.start, None, (), step.outcome, step.reason, step.group, step.notes)
        _wait_for_another_second(step.outcome.last)
        self.lab.cloud.call("unsaid", "jobs")
        second, _ = carry_out(
            self.lab, step.subject, step.start, (Run(1),), (OTHER_DAY,), cleared=False, where=False, seed=2
        )
        if second.unreachable or not second.last.succeeded:
            reason = second.unreachable or reasons.of_failure(second.last, second, step.task, self.seed)[0]
            reason = f"a second clean run, {OTHER_DAY / 86400:.0f} days later, comes out differently: {reason}"
            return Baseline(step.subject, step.start, None, (), step.outcome, reason, "unstable", step.notes)
        clean = noise.learn(
            step.outcome, second, self.lab.content, {**self.allow, **downstream.links(step.task, step.subject)}
        )
        if clean.unstable:
            return Baseline(step.subject, step.start, None, (), step.outcome, clean.unstable, "unstable", step.notes)
        unsaid = reasons.of_unsaid_jobs(self.lab.cloud.call("unsaid", "jobs"))
        notes = (*step.notes, *unsaid, *reasons.of_empty_folders(step.outcome, self.seed))
        if step.state == upstream.SKIPPED:
            notes = (*notes, "the task skips itself in this run: what it does otherwise was not tried")
        points = points_of(step.outcome, Canon(clean, self.lab.content))
        return Baseline(step.subject, step.start, clean, points, step.outcome, notes=notes, after=step.after)


def _wait_for_another_second(first: AttemptResult) -> None:
    """Let a second pass where the first clean run has started programs.

    The clock of an attempt's own process is ahead in the second run, that of a program (``date``) is the machine's:
    what it writes of the time must come out differently too, or it would pass for something that stays.
    """
    if dict(first.details).get("programs"):
        time.sleep(max(0.0, 1.0 - first.seconds))


def _as_seen_by(task: Task, before: Task, state: Upstream) -> Upstream:
    """Within one mapped group the instance that is tried, map index 0, follows upon the instance of the same index."""
    if not task.mapped_group or before.mapped_group != task.mapped_group:
        return state
    return replace(state, counts=state.counts[:1])
