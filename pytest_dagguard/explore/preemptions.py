"""Two attempts at once: every schedule with one preemption, less those that must come out alike.

Attempt 1 runs to its operation i, attempt 2 runs from start to end, attempt 1 goes on; then the same with the parts
swapped (attempt 1 has only just started when attempt 2 comes, which Airflow's API asks for). If operation i+1 commutes
with all that the other attempt did, stopping after i+1 gives an equivalent order (see Mazurkiewicz 1977) and is left
out: it touches nothing that the other touches, or writes without looking what the other leaves there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pytest_dagguard.explore import threads
from pytest_dagguard.explore.confirm import follow_up
from pytest_dagguard.explore.interleavings import dependent
from pytest_dagguard.explore.threads import Place
from pytest_dagguard.model.operation import conflicts
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Plan, Point, Run, Schedule, Search, Searching, Step, Trial

Ordering = Callable[[int], tuple[Step, ...]]
"""Gives the step that puts the threads of an attempt in order, where there are such."""


def search(plan: Plan, points: tuple[Point, ...]) -> Searching:
    """Freeze attempt 1 in the middle of which attempt 2 runs, and the other way round."""
    found = Search()
    if not points:
        return found
    tries = plan.retries - 1

    def first_frozen(place: Place, order: Ordering) -> Schedule:
        return (*order(1), Run(1, place.point.selector), Run(2, retries=tries), Run(1))

    def second_frozen(place: Place, order: Ordering) -> Schedule:
        stop = Run(2, place.point.selector)
        return (Run(1, points[0].selector), *order(2), stop, Run(1), Run(2, retries=tries))

    one = "attempt 1 freezes after {}, its retry runs, and attempt 1 goes on"
    yield from _sweep(found, points, first_frozen, one, 1)
    if not found.bounded:
        other = "attempt 2 freezes after {}, attempt 1 wakes up and ends, attempt 2 goes on"
        yield from _sweep(found, points, second_frozen, other, 2)
    if threads.in_order(points):
        found.remarks.append(threads.BOUND)
    return found


def _sweep(
    found: Search, points: tuple[Point, ...], schedule: Callable[[Place, Ordering], Schedule], fault: str, frozen: int
) -> Searching:
    other: Outcome | None = None
    places = threads.places(points, points[:-1])
    for number, place in enumerate(places):
        if other is not None and not place.ahead and _commutes(points, number, other, frozen):
            continue
        came = yield from threads.stopped(found, place, partial(_trial, schedule, place, fault))
        if came is None:
            continue
        trial, judged = came
        found.schedules += 1
        other = None if judged.outcome.unreachable else judged.outcome
        if other is not None and len(other.results) == 2:
            found.traces.append(other.history)
        yield from follow_up(found, trial, judged, trial)
        if judged.late and number < len(places) - 1:
            found.bounded = found.cut = True
            break
    return found


def _trial(schedule: Callable[[Place, Ordering], Schedule], place: Place, fault: str, order: Ordering) -> Trial:
    return Trial(schedule(place, order), fault.format(place), place.point)


def _commutes(points: tuple[Point, ...], place: int, outcome: Outcome, frozen: int) -> bool:
    """Say whether an operation that the frozen attempt did after the other's run might as well have come before it."""
    name, point = f"attempt {frozen}", points[place]
    others = [each for each in outcome.history if each.actor != name]
    own = [each for each in outcome.history if each.actor == name][place : place + 1]
    if not own or not point.selector.fits(own[0].operation):
        return not any(conflicts(point.event.operation, each.operation) for each in others)
    return not any(dependent(each, own[0], True) for each in others)


STRATEGY = search
