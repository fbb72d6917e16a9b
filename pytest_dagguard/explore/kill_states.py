"""Kill once for each distinct state, not once for each line; and then kill the retry, and its retry.

SIGKILL runs no code and leaves no memory: what the retry does depends on the state of the cloud, its inputs and its try
number alone. Two places of the first attempt that leave the same state are the same experiment, and an operation that
changed nothing is no place of its own.

Holding the answer of an operation is the same to the retry as a kill after it (the attempt does nothing more), and
cheaper; what is found so is then confirmed with a real SIGKILL.

Any number of kills: each state that a retry passes through and that was not seen before is a place to kill the retry
at. When no such state is left, every state that kills can reach was tried (a search over a finite graph of states), and
the task is safe under any number of kills; when the cap comes first, it is not known.

Some operations the service carries out for one resource after the other (DeleteObjects, a batch): there a kill can fall
inside, and each is also stopped half way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from pytest_dagguard.explore import threads
from pytest_dagguard.explore.confirm import follow_up
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.plan import (
    PIECEWISE,
    Disturb,
    Elapse,
    Judged,
    Kill,
    Order,
    Plan,
    Point,
    Run,
    Search,
    Searching,
    Step,
    Trial,
)

MORE_GOES = 3
"""How often a trial is run again that did not come to the place it was meant for."""

MOST_RETRIES = 25
"""A search that has tried so many retries of killed retries and still meets new states is cut, and says so."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where an attempt is stopped.

    :param half: inside the operation, when it has taken effect for half of its resources
    :param done: what the attempt has changed by then, in the run in which the place was found
    :param order: in which what its threads have under way at the same time takes effect
    :param ahead: the operation overtakes others in that order, which it did not in the clean run
    """

    point: Point
    half: bool = False
    done: tuple[str, ...] = ()
    order: tuple[Selector, ...] = ()
    ahead: bool = False

    def __str__(self) -> str:
        if self.ahead:
            return f"{self.point}{threads.OVERTOOK}"
        return f"half of {self.point}" if self.half else str(self.point)


def search(plan: Plan, points: tuple[Point, ...]) -> Searching:
    """Hold attempt 1 at each distinct state and run the retry; then hold the retry where it comes to new states."""
    order = threads.in_order(points)
    chosen = [Stop(each, done=_done(points, each), order=order) for each in kill_points(points)]
    chosen += [Stop(each, half=True, done=_done(points, each), order=order) for each in piecewise(points)]
    chosen += [
        Stop(each.point, done=_names(each.before), order=each.order, ahead=True) for each in threads.ahead(points)
    ]
    found = Search(kill_states=(0, len(chosen)))
    seen = {0, *(each.point.state for each in chosen if not each.half and not each.ahead)}
    queue: deque[tuple[Stop, ...]] = deque((each,) for each in chosen)
    extra = 0
    while queue:
        path = queue.popleft()
        extra += len(path) > 1
        if extra > MOST_RETRIES:
            return found
        trial = _trial(plan, path, real=False)
        judged = yield from _at_its_place(trial, path, found)
        if path[0].order and judged.outcome.unreachable:
            found.remarks.append(f"the order of its threads could not be had in which {trial.fault}")
            if path[0].ahead:
                continue
            path = (replace(path[0], order=()), *path[1:])
            trial = _trial(plan, path, real=False)
            judged = yield from _at_its_place(trial, path, found)
        tried, known = found.kill_states
        found.kill_states = (tried + (len(path) == 1), known)
        found.schedules += 1
        yield from follow_up(found, trial, judged, _trial(plan, path, real=True))
        yield from _afterwards(plan, path, found)
        fresh = _fresh(judged, len(path) + 1, seen)
        run = judged.points.get(len(path) + 1, ())
        for point in fresh:
            seen.add(point.state)
            queue.append((*path, Stop(point, done=_done(run, point))))
        queue.extend((*path, Stop(each, half=True, done=_done(run, each))) for each in piecewise(fresh))
        if found.hits:
            # one kill is enough to hurt: what more of them do says nothing new
            queue = deque(each for each in queue if len(each) == 1)
        if judged.late and queue:
            found.bounded = found.cut = found.kill_states[0] < known
            return found
    if order:
        found.remarks.append(threads.BOUND)
    # of what lives on, only two of the many moments at which a retry can come were tried
    alone = not any(each.event.alive for each in points)
    found.closed = alone and not found.unreached and not found.hits and not found.remarks
    return found


def _afterwards(plan: Plan, path: Sequence[Stop], found: Search) -> Generator[Trial, Judged, None]:
    """Where the attempt leaves something that lives on, let it come to its end before the retry begins."""
    if path[-1].point.event.alive:
        trial = _trial(plan, path, real=False, later=True)
        judged = yield trial
        found.schedules += 1
        yield from follow_up(found, trial, judged, _trial(plan, path, real=True, later=True))


def _at_its_place(trial: Trial, path: Sequence[Stop], found: Search) -> Generator[Trial, Judged, Judged]:
    """Run a trial, and again where an attempt had done something else when it was stopped.

    Threads of one attempt take their turns as they like: what was done before an operation may be another thing each
    time. What then comes of it is evidence too, but not of the state that was asked for.
    """
    for _ in range(1 + MORE_GOES):
        judged = yield trial
        away = [stop for number, stop in enumerate(path, start=1) if not _is_there(judged, number, stop)]
        if not away or judged.outcome.unreachable or judged.findings:
            return judged
    text = f"the order of its operations varies between runs: what was done before {away[0].point} was not met again"
    found.remarks.append(text)
    return judged


def _is_there(judged: Judged, number: int, stop: Stop) -> bool:
    run = judged.points.get(number, ())
    return not run or not stop.done or _done(run, run[-1]) == stop.done


def _done(points: Sequence[Point], until: Point) -> tuple[str, ...]:
    """What an attempt has changed when an operation has taken effect, in any order."""
    before = points[: points.index(until) + 1]
    return _names(before)


def _names(points: Sequence[Point]) -> tuple[str, ...]:
    return tuple(sorted(f"{each.selector.verb} {each.selector.pattern}" for each in points if each.event.changed))


def _trial(plan: Plan, path: Sequence[Stop], real: bool, later: bool = False) -> Trial:
    """Stop attempt 1, 2, ... each at its place, then let the next run to its end.

    :param real: kill each with SIGKILL rather than hold it
    :param later: what the attempts have started (pods, jobs, child runs) ends before the last one begins; otherwise it
        goes on beside it
    """
    steps: list[Step] = []
    for number, stop in enumerate(path, start=1):
        if stop.order:
            steps.append(Order(number, stop.order))
        if stop.half:
            steps.append(Disturb(number, stop.point.selector, "half"))
        steps.append(Run(number, stop.point.selector))
        if real:
            steps.append(Kill(number))
    if later:
        steps.append(Elapse())
    steps.append(Run(len(path) + 1, retries=plan.retries - 1))
    words = [f"attempt {number} is killed after {stop}" for number, stop in enumerate(path, start=1)]
    if later:
        words.append("what it had started comes to its end before the next attempt begins")
    return Trial(tuple(steps), ", and ".join(words), path[-1].point)


def piecewise(points: Sequence[Point]) -> list[Point]:
    """The operations that the service may stop half way, and that changed more than one resource."""
    return [
        each
        for each in points
        if (each.event.operation.service, each.event.operation.verb) in PIECEWISE and len(each.event.changed) > 1
    ]


def _fresh(judged: Judged, attempt: int, seen: set[int]) -> list[Point]:
    """The places of a retry at which it leaves a state that was not met before."""
    if judged.outcome.unreachable:
        return []
    fresh: dict[int, Point] = {}
    for point in judged.points.get(attempt, ()):
        if point.event.changed and point.state not in seen:
            fresh.setdefault(point.state, point)
    return list(fresh.values())


def kill_points(points: Sequence[Point]) -> list[Point]:
    """One operation for each distinct state that a kill can leave, in the order in which they are worth trying.

    The last comes first and the first second (together they find nearly every fault that a kill can show), then
    creations and deletions, then the rest.
    """
    distinct: dict[int, Point] = {}
    for point in points:
        if point.event.changed and point.event.state != 0:
            distinct.setdefault(point.event.state, point)
    ordered = list(distinct.values())
    ends = [*ordered[-1:], *ordered[:1]] if len(ordered) > 1 else ordered
    middle = ordered[1:-1]
    return [*ends, *sorted(middle, key=lambda point: all(what == "changed" for _, what in point.event.changed))]


STRATEGY = search
