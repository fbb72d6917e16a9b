"""Two task instances at once: every order that can make a difference."""

from __future__ import annotations

from pytest_dagguard.explore.confirm import follow_up
from pytest_dagguard.explore.interleavings import BEGINNING, between_two, orders, schedule
from pytest_dagguard.model.plan import Plan, Point, Search, Searching, Trial


def search(plan: Plan, points: tuple[Point, ...]) -> Searching:
    """Try orders until none is left that matters, something is found, or the budget is used up."""
    found = Search()
    tries = orders(BEGINNING)
    order = next(tries)
    while True:
        trial = Trial(schedule(order, (1, 2), plan.retries - 1), "the two run side by side and take turns")
        judged = yield trial
        found.schedules += 1
        yield from follow_up(found, trial, judged, trial)
        if found.hits or found.unreached:
            return found
        try:
            order = tries.send(between_two(judged.outcome.history))
        except StopIteration as ended:
            found.closed = not ended.value
            if ended.value:
                found.remarks.append(f"the search over orders ended early: {ended.value}, in one and the same order")
            return found
        if judged.late:
            found.bounded = True
            return found


STRATEGY = search
