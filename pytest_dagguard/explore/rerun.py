"""The simplest search: one attempt after the other."""

from __future__ import annotations

from pytest_dagguard.explore.confirm import follow_up
from pytest_dagguard.model.plan import Elapse, Plan, Point, Run, Search, Searching, Trial


def search(plan: Plan, points: tuple[Point, ...]) -> Searching:
    """Run attempt 1 to its end, let what it has started end too, then run attempt 2."""
    found = Search(schedules=1)
    trial = Trial((Run(1), Elapse(), Run(2, retries=plan.retries - 1)), "the task is run a second time")
    judged = yield trial
    yield from follow_up(found, trial, judged, trial)
    return found


STRATEGY = search
