"""Two task instances one after the other, in the order that is not the usual one."""

from __future__ import annotations

from pytest_dagguard.explore.confirm import follow_up
from pytest_dagguard.model.plan import Plan, Point, Run, Search, Searching, Trial


def search(plan: Plan, points: tuple[Point, ...]) -> Searching:
    """Run attempt 2, and then attempt 1."""
    found = Search(schedules=1)
    trial = Trial((Run(2), Run(1)), "the later interval is run first, and the earlier one after it")
    judged = yield trial
    yield from follow_up(found, trial, judged, trial)
    return found


STRATEGY = search
