"""A worker that was taken for dead wakes up after its retry has finished."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial

from pytest_dagguard.explore import threads
from pytest_dagguard.explore.confirm import follow_up
from pytest_dagguard.explore.kill_states import kill_points
from pytest_dagguard.explore.threads import Place
from pytest_dagguard.model.plan import Drift, Plan, Point, Run, Search, Searching, Step, Trial


def search(plan: Plan, points: tuple[Point, ...]) -> Searching:
    """Hold attempt 1 at each distinct state, run the retry to its end, release attempt 1.

    The last read before a write counts as a place too: there the worker holds on to what is about to grow old.
    """
    chosen = kill_points(points)
    places = threads.places(points, [*chosen, *_last_reads(points)])
    found = Search(kill_states=(0, len(places)))
    for tried, place in enumerate(places, start=1):
        came = yield from threads.stopped(found, place, partial(_trial, plan, place))
        if came is None:
            continue
        trial, judged = came
        found.kill_states = (tried, len(places))
        found.schedules += 1
        yield from follow_up(found, trial, judged, trial)
        if judged.late and tried < len(places):
            found.bounded = found.cut = True
            return found
    if not found.hits and not found.unreached:
        yield from _with_drift(found, plan, points, [each.point for each in places if not each.ahead])
    if threads.in_order(points):
        found.remarks.append(threads.BOUND)
    return found


def _trial(plan: Plan, place: Place, order: Callable[[int], tuple[Step, ...]]) -> Trial:
    schedule = (*order(1), Run(1, place.point.selector), Run(2, retries=plan.retries - 1), Run(1))
    return Trial(schedule, f"attempt 1 freezes after {place}, its retry finishes, and attempt 1 wakes up", place.point)


def _with_drift(found: Search, plan: Plan, points: tuple[Point, ...], places: Sequence[Point]) -> Searching:
    """The same where inputs change before the retry, at places between the first read of one and the last change."""
    inputs = frozenset(plan.inputs)
    read = [place for place, point in enumerate(points) if point.event.operation.reads & inputs]
    last = max((place for place, point in enumerate(points) if point.event.changed), default=-1)
    between = [each for each in places if read and read[0] <= points.index(each) < last]
    for tried, point in enumerate(between, start=1):
        schedule = (Run(1, point.selector), Drift(), Run(2, retries=plan.retries - 1), Run(1))
        changed = f"a row is added to {plan.inputs[0]}{' and other inputs' if len(inputs) > 1 else ''}"
        fault = f"attempt 1 freezes after {point}, {changed}, its retry finishes, and attempt 1 wakes up"
        trial = Trial(schedule, fault, point)
        judged = yield trial
        found.schedules += 1
        yield from follow_up(found, trial, judged, trial)
        if found.hits or (judged.late and tried < len(between)):
            found.bounded = not found.hits
            break
    return found


def _last_reads(points: tuple[Point, ...]) -> list[Point]:
    """The last read before each write: there the attempt knows most of what is about to grow old."""
    found = []
    for here, following in itertools.pairwise(points):
        if not here.event.changed and here.event.operation.reads and following.event.changed:
            found.append(here)
    return found


STRATEGY = search
