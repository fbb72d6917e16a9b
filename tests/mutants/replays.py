"""Tokens of what was found in the mutants, repeated while the processors are busy with something else."""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pytest_dagguard.engine.check import check
from pytest_dagguard.engine.replay import OTHERWISE
from pytest_dagguard.engine.session import Session
from pytest_dagguard.engine.walk import Walk
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.verdict import INCONCLUSIVE

from .catalogue import BROKEN, Case
from .trial_run import alone, run, scenarios, strategies

REPEATED, DIVERGED = "repeated", "diverged"


@dataclass(frozen=True, slots=True)
class Told:
    """A finding with its token."""

    case: Case
    scenario: str
    finding: Finding

    def __str__(self) -> str:
        return f"{self.case.name} {self.scenario} {self.finding.cls} {self.finding.resource}"


@contextlib.contextmanager
def load(loops: int) -> Iterator[None]:
    """Keep processors busy with so many endless loops."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for each in busy:
            each.kill()
            each.wait()


def told(session: Session, cases: Sequence[Case], names: Sequence[str]) -> list[Told]:
    """The findings of the broken tasks that have a token, one for each token."""
    found = [
        Told(case, tried.scenario, finding)
        for case in cases
        for tried in run(session, case, names, [BROKEN])
        for finding in tried.verdict.findings
        if finding.replay
    ]
    return list({(each.finding.replay, each.scenario): each for each in found}.values())


def repeat(session: Session, what: Told) -> str:
    """Repeat one token as another run of pytest would: from the seed, after clean runs of its own.

    :returns: :data:`REPEATED`, :data:`DIVERGED`, or what came instead
    """
    dag = session.load(what.case.path).dags[0]
    task = dag.task(BROKEN)
    walk = Walk(session.lab, str(what.case.path), alone(dag, task), what.case.allow, "seed")
    terms = replace(session.terms, replay=what.finding.replay)
    verdict = check(session.lab, walk, task, what.scenario, scenarios()[what.scenario], strategies(), terms)
    walk.close()
    if (what.finding.cls, what.finding.resource) in {(each.cls, each.resource) for each in verdict.findings}:
        return REPEATED
    if verdict.verdict == INCONCLUSIVE and verdict.group == "diverged":
        return DIVERGED
    if any(each.startswith(OTHERWISE) for each in verdict.notes):
        return DIVERGED
    found = ", ".join(f"{each.cls} {each.resource}" for each in verdict.findings) or "nothing"
    return f"{verdict.verdict}: {verdict.reason or found}"


def rounds(session: Session, found: Sequence[Told], number: int, loops: int) -> list[tuple[Told, str]]:
    """Repeat tokens in turn, so many times in all, under load."""
    with load(loops):
        return [(each, repeat(session, each)) for each in itertools.islice(itertools.cycle(found), number)]


def summary(found: Sequence[Told], came: Sequence[tuple[Told, str]]) -> list[str]:
    """The figures as lines of text, what is neither a repetition nor a divergence last."""
    counts = [sum(result == each for _, result in came) for each in (REPEATED, DIVERGED)]
    lines = [
        f"{len(came)} replays of {len(found)} tokens under load: {counts[0]} repeated, {counts[1]} said where they diverged"
    ]
    return [*lines, *(f"    ! {each}: {result}" for each, result in came if result not in (REPEATED, DIVERGED))]
