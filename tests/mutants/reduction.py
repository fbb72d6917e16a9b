"""Kill the twins after each operation, also where the search would not: is anything lost by leaving places out?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pytest_dagguard.engine.check import check
from pytest_dagguard.engine.session import Session
from pytest_dagguard.engine.walk import Walk
from pytest_dagguard.explore.kill_states import kill_points
from pytest_dagguard.model.plan import Judged, Kill, Plan, Point, Run, Search, Searching, Trial
from pytest_dagguard.oracle.diff import compare
from pytest_dagguard.oracle.noise import Clean

from .catalogue import MENDED, Case
from .trial_run import alone, scenarios

Result = tuple[tuple[tuple[str, str], ...], tuple[str, ...]]
"""(class and resource of each finding, what the final state differs in from a clean run's)."""


@dataclass(slots=True)
class Reduced:
    """One twin.

    :param places: before and after each operation of a clean run
    :param chosen: places that the search kills at
    :param differences: places left out that come out differently from the one that stands for them
    :param reason: why there is no figure
    """

    name: str
    places: int = 0
    chosen: int = 0
    killed: int = 0
    differences: list[str] = field(default_factory=list)
    reason: str = ""

    @property
    def left_out(self) -> float:
        """Share of the places that are left out."""
        return 1 - self.chosen / self.places if self.places else 0.0

    def __str__(self) -> str:
        lines = [
            f"{self.name:<28} {self.places:>3} places, {self.chosen:>2} chosen, {self.left_out:4.0%} left out,"
            f" {self.killed:>3} real kills" + (f"  ! {self.reason}" if self.reason else "")
        ]
        return "\n".join([*lines, *(f"    ! {each}" for each in self.differences)])


def reduce(session: Session, case: Case) -> Reduced:
    """Kill the twin of a file after each operation of its clean run."""
    dag = session.load(case.path).dags[0]
    task = dag.task(MENDED)
    walk = Walk(session.lab, str(case.path), alone(dag, task), case.allow, "seed")
    found = Reduced(case.name)

    def everywhere(plan: Plan, points: tuple[Point, ...]) -> Searching:
        clean = walk.baseline(MENDED).clean
        assert clean is not None
        # a kill before an operation is a kill after the one before it
        chosen = kill_points(points)
        found.places, found.chosen = 2 * len(points), len(chosen)
        stands: dict[int, Result] = {}
        untouched = yield Trial((Run(1),), "nothing happens")
        stands[0] = _result(untouched, clean, session)
        for point in [*chosen, *(each for each in points if each not in chosen)]:
            judged = yield Trial((Run(1, point.selector), Kill(1), Run(2, retries=plan.retries - 1)), str(point), point)
            if judged.outcome.unreachable:
                found.differences.append(f"{point}: {judged.outcome.unreachable}")
                continue
            found.killed += 1
            result = _result(judged, clean, session)
            if stands.setdefault(point.event.state, result) != result:
                found.differences.append(f"{point}: {result} where {stands[point.event.state]} stands for it")
        return Search()

    verdict = check(
        session.lab, walk, task, "killed", scenarios()["killed"], {"kills-and-fates": everywhere}, session.terms
    )
    found.reason = verdict.reason or ""
    walk.close()
    return found


def _result(judged: Judged, clean: Clean, session: Session) -> Result:
    findings = sorted({(each.cls, each.resource) for each in judged.findings})
    differences = compare(clean, judged.outcome.after, session.lab.content)
    return tuple(findings), tuple(sorted(f"{each.how} {each.label}" for each in differences))


def summary(found: list[Reduced]) -> list[str]:
    """The figures of all twins as lines of text."""
    places, chosen = sum(each.places for each in found), sum(each.chosen for each in found)
    wrong = sum(len(each.differences) for each in found)
    share = 1 - chosen / places if places else 0.0
    return [f"{places} places before and after operations, {chosen} chosen, {share:.0%} left out; {wrong} differences"]


def plain(found: list[Reduced]) -> dict[str, Any]:
    """All figures as dictionaries and lists."""
    return {
        "summary": summary(found),
        "twins": [
            {
                "name": each.name,
                "places": each.places,
                "chosen": each.chosen,
                "kills": each.killed,
                "differences": each.differences,
                "reason": each.reason,
            }
            for each in found
        ],
    }
