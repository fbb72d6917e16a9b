"""Two attempts at once: first the orders with one switch, then every order that can make a difference."""

from __future__ import annotations

from pytest_dagguard.explore import preemptions, turns
from pytest_dagguard.model.plan import Plan, Point, Search, Searching


def search(plan: Plan, points: tuple[Point, ...]) -> Searching:
    """Freeze each attempt at each of its operations; where that shows nothing, try every order that matters."""
    found: Search = yield from preemptions.search(plan, points)
    if not points or found.hits or found.bounded or found.unreached:
        return found
    rest: Search = yield from turns.after(plan, found.traces)
    rest.schedules += found.schedules
    rest.remarks[:0] = found.remarks
    return rest


STRATEGY = search
