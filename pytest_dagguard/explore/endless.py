"""A world in which nothing ends by itself: one schedule tells all."""

from __future__ import annotations

from pytest_dagguard.explore.confirm import follow_up
from pytest_dagguard.model.plan import Endless, Onward, Plan, Point, Run, Search, Searching, Trial


def search(plan: Plan, points: tuple[Point, ...]) -> Searching:
    """Run the task and its retries where nothing ends, then the tasks after it in the same world."""
    found = Search(schedules=1)
    trial = Trial((Endless(), Run(1, retries=plan.retries), Onward()), "what the task starts never ends")
    judged = yield trial
    yield from follow_up(found, trial, judged, trial)
    return found


STRATEGY = search
