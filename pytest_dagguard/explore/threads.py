"""What one attempt does at the same time, by threads or on an event loop: which orders of it are tried.

The operations of one connection come in the order of the program. Those of several may come in any order in which none
comes before one that it waited for. What was under way at the same time did not wait for each other, so either may be
first: a kill finds what any of these orders has done by then. Tried are the order of the clean run, and each operation
ahead of all that it can overtake: the smallest set of operations that a kill can find it with.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.plan import Judged, Order, Point, Search, Step, Trial

BOUND = (
    "bounded: it does several things at the same time; of the orders in which these can come that of the clean run was"
    " tried, and each operation as the first of them, and no others"
)
AS_THEY_CAME = (
    "bounded: it does several things at the same time, and these took effect in the order in which they came; other"
    " orders were not tried"
)


OVERTOOK = ", which came ahead of what its other threads had under way"


@dataclass(frozen=True, slots=True)
class Ahead:
    """An operation as the first of those that were under way with it.

    :param before: the operations that have taken effect when it has, it among them
    :param order: of all of them
    """

    point: Point
    before: tuple[Point, ...]
    order: tuple[Selector, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an attempt is stopped.

    :param order: in which what its threads have under way at the same time takes effect; empty where it has none
    :param ahead: the operation overtakes others in that order, which it did not in the clean run
    """

    point: Point
    order: tuple[Selector, ...] = ()
    ahead: bool = False

    def __str__(self) -> str:
        return str(self.point) + (OVERTOOK if self.ahead else "")


def places(points: Sequence[Point], chosen: Sequence[Point]) -> list[Place]:
    """Some operations as places to stop at, and each that threads may bring about ahead of others."""
    order = in_order(points)
    early = ahead(points) if order else []
    return [*(Place(each, order) for each in chosen), *(Place(each.point, each.order, True) for each in early)]


def stopped(
    found: Search, place: Place, trial: Callable[[Callable[[int], tuple[Step, ...]]], Trial]
) -> Generator[Trial, Judged, tuple[Trial, Judged] | None]:
    """Run a trial with an order of threads; where that cannot be had, with the one in which they come.

    :param trial: makes it; given what makes the step that puts attempt n's threads in order
    :returns: the trial that was run, and what came of it; None where the order was all that there was to see
    """
    wanted = trial(lambda number: (Order(number, place.order),) if place.order else ())
    judged = yield wanted
    if not place.order or not judged.outcome.unreachable:
        return wanted, judged
    found.remarks.append(f"the order of its threads could not be had in which {wanted.fault}")
    if place.ahead:
        return None
    wanted = trial(lambda number: ())
    return wanted, (yield wanted)


def in_order(points: Sequence[Point]) -> tuple[Selector, ...]:
    """The operations in the order in which they took effect, where that might have been another; else empty.

    All of them, for that two had nothing to do with each other shows only where they happened to meet. An operation
    waits for no answer of one that came after it, so each comes when those before it have been answered.
    """
    return tuple(each.selector for each in points) if _shared(points) else ()


def ahead(points: Sequence[Point]) -> list[Ahead]:
    """Each operation that may come ahead of others where that makes a state of its own, the last one first."""
    found = []
    for place in reversed(_shared(points)):
        point = points[place]
        overtaken = [each for each in point.event.beside if each < place]
        if not point.event.changed or not any(points[each].event.changed for each in overtaken):
            continue
        if any(_key(points[each]) == _key(point) for each in overtaken):
            continue  # one that cannot be told from another can be no first
        before = [each for each in range(place + 1) if each not in overtaken]
        order = [*before, *overtaken, *range(place + 1, len(points))]
        done = tuple(points[each] for each in before)
        found.append(Ahead(point, done, tuple(points[each].selector for each in order)))
    return found


def _shared(points: Sequence[Point]) -> list[int]:
    """Places of the operations that were under way with others."""
    pairs = [(i, j) for i, each in enumerate(points) for j in each.event.beside if j < len(points)]
    return sorted({place for pair in pairs for place in pair})


def _key(point: Point) -> tuple[str, str, str]:
    return point.selector.service, point.selector.verb, point.selector.pattern
