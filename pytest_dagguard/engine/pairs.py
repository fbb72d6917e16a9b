"""Clean runs of two task instances in their usual order: what scenarios about two of them are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from pytest_dagguard.engine import reasons
from pytest_dagguard.engine.experiment import carry_out
from pytest_dagguard.engine.lab import Lab, Subject
from pytest_dagguard.engine.points import points_of
from pytest_dagguard.engine.walk import OTHER_DAY, Baseline
from pytest_dagguard.model.dag import Dag
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Run
from pytest_dagguard.oracle import noise
from pytest_dagguard.oracle.canonical import Canon

NEXT = timedelta(days=1)
"""From one interval to the next. Schedules differ; a day is the commonest, and what a task does not divide by days does
not depend on it."""


def paired(lab: Lab, alone: Baseline, dag: Dag, kind: str, allow: Mapping[str, str], seed: str) -> Baseline:
    """The baseline of a task together with a peer.

    :param alone: the task's own baseline
    :param kind: ``interval`` or ``index``, see :class:`~pytest_dagguard.model.plan.Plan`
    :param seed: the seed folder as the user would type it
    """
    if alone.clean is None:
        return alone
    start = alone.start
    if kind == "index":
        peer = replace(alone.subject, map_index=1)
        words = "map index 1"
    else:
        date = datetime.fromisoformat(_date(lab, alone.subject).replace("Z", "+00:00")) + NEXT
        text = date.isoformat().replace("+00:00", "Z")
        peer = replace(alone.subject, run_id=f"manual__{text}", logical_date=text)
        words = f"the run of the next day ({text[:10]})"
        start, hindrance = _upstream(lab, alone, dag, peer, seed)
        if hindrance:
            return replace(alone, clean=None, reason=f"{words} gives no clean run: {hindrance}", group="need a peer")
    return _learn(lab, replace(alone, start=start, peer=peer), dag, allow, seed, words)


def _date(lab: Lab, subject: Subject) -> str:
    return subject.logical_date or lab.options.logical_date


def _upstream(lab: Lab, alone: Baseline, dag: Dag, peer: Subject, seed: str) -> tuple[int, str]:
    """Run the tasks before this one for the peer's DAG run too; the state they leave, and what kept them from it."""
    here = alone.start
    ancestors = dag.ancestors(alone.subject.task_id)
    for task in dag.tasks:
        if task.task_id not in ancestors:
            continue
        if task.mapped or task.mapped_group:
            return here, f"{task.task_id} before it is mapped, and mapped tasks are run for one DAG run alone"
        subject = replace(peer, task_id=task.task_id, retries=task.retries)
        outcome, here = carry_out(lab, subject, here, (Run(1),), (0.0,), cleared=False, keep=True)
        if outcome.unreachable or not outcome.last.succeeded:
            return here, outcome.unreachable or reasons.of_failure(outcome.last, outcome, task, seed)[0]
    return here, ""


def _learn(lab: Lab, alone: Baseline, dag: Dag, allow: Mapping[str, str], seed: str, words: str) -> Baseline:
    task = dag.task(alone.subject.task_id)
    outcomes: list[Outcome] = []
    for shift in (0.0, OTHER_DAY):
        outcome, _ = carry_out(
            lab, alone.subject, alone.start, (Run(1), Run(2)), (shift, shift), cleared=False, seed=1, peer=alone.peer
        )
        outcomes.append(outcome)
        bad = next((each for each in outcome.results.values() if not each.succeeded), None)
        if outcome.unreachable or bad is not None:
            why = outcome.unreachable or (reasons.of_failure(bad, outcome, task, seed)[0] if bad is not None else "")
            return replace(alone, clean=None, reason=f"{words} gives no clean run: {why}", group="need a peer")
    clean = noise.learn(outcomes[0], outcomes[1], lab.content, allow)
    if clean.unstable:
        return replace(alone, clean=None, reason=clean.unstable, group="unstable")
    points = points_of(outcomes[0], Canon(clean, lab.content))
    return replace(alone, clean=clean, points=points, outcome=outcomes[0])
