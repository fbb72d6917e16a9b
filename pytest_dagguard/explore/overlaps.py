"""Two attempts at once: first the orders with one switch, then every order that can make a difference."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from pytest_dagguard.explore import preemptions
from pytest_dagguard.explore.confirm import follow_up
from pytest_dagguard.explore.interleavings import Order, number, orders, schedule
from pytest_dagguard.model.history import Event
from pytest_dagguard.model.plan import Plan, Point, Search, Searching, Trial

BEGINNING: Order = (1, 2)
"""Attempt 1 has started when attempt 2 comes: before that, there is nothing that Airflow could take for dead."""


def search(plan: Plan, points: tuple[Point, ...]) -> Searching:
    """Freeze each attempt at each of its operations; where that shows nothing, try every order that matters."""
    found: Search = yield from preemptions.search(plan, points)
    if not points or found.hits or found.bounded or found.unreached:
        return found
    tries = orders(BEGINNING)
    order = next(tries)
    while True:
        trial = Trial(schedule(order, (1, 2), plan.retries - 1), _words(order))
        judged = yield trial
        found.schedules += 1
        yield from follow_up(found, trial, judged, trial)
        if found.hits or found.unreached:
            return found
        try:
            order = tries.send(_two(judged.outcome.history))
        except StopIteration:
            found.closed = True
            return found
        if judged.late:
            found.bounded = True
            return found


def _two(history: Sequence[Event]) -> list[Event]:
    """What the two attempts did; a further try comes after both and is nobody's turn."""
    return [each for each in history if number(each) <= 2]


def _words(order: Order) -> str:
    switches = sum(a != b for a, b in itertools.pairwise(order))
    return f"attempt 1 and its retry run side by side and take turns, {switches} times back and forth"


STRATEGY = search
