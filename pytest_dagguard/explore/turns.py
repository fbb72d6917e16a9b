"""Two task instances at once: every order that can make a difference."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_dagguard.explore import threads
from pytest_dagguard.explore.confirm import follow_up
from pytest_dagguard.explore.interleavings import BEGINNING, Order, between_two, number, orders, schedule
from pytest_dagguard.model.history import Event, History
from pytest_dagguard.model.plan import Plan, Point, Search, Searching, Trial


def search(plan: Plan, points: tuple[Point, ...]) -> Searching:
    """Try orders until none is left that matters, something is found, or the budget is used up."""
    return (yield from after(plan, ()))


def after(plan: Plan, traces: Sequence[History]) -> Searching:
    """The same where some runs of the two are known already, in which nothing was found.

    An order says how a run begins: one that has begun so need not be run again.
    """
    found = Search()
    tries = orders(BEGINNING)
    known = [between_two(each) for each in traces]
    order = next(tries)
    if any(each.beside for trace in traces for each in trace):
        found.remarks.append(threads.AS_THEY_CAME)
    while True:
        try:
            while (trace := _begun(known, order)) is not None:
                order = tries.send(trace)
        except StopIteration as ended:
            return _ended(found, ended.value)
        trial = Trial(schedule(order, (1, 2), plan.retries - 1), "the two run side by side and take turns")
        judged = yield trial
        found.schedules += 1
        if threads.AS_THEY_CAME not in found.remarks and any(each.beside for each in judged.outcome.history):
            found.remarks.append(threads.AS_THEY_CAME)
        yield from follow_up(found, trial, judged, trial)
        if found.hits or found.unreached:
            return found
        try:
            order = tries.send(between_two(judged.outcome.history))
        except StopIteration as ended:
            return _ended(found, ended.value)
        if judged.late:
            found.bounded = True
            return found


def _begun(known: Sequence[Sequence[Event]], order: Order) -> Sequence[Event] | None:
    """A run that has begun as the order says."""
    for trace in known:
        if len(trace) >= len(order) and all(number(event) == who for event, who in zip(trace, order, strict=False)):
            return trace
    return None


def _ended(found: Search, away: str) -> Search:
    found.closed = not away and not found.remarks
    if away:
        found.remarks.append(f"the search over orders ended early: {away}, in one and the same order")
    return found


STRATEGY = search
