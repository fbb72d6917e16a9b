"""Kill once for each distinct state, not once for each line; and then kill the retry, and its retry.

SIGKILL runs no code and leaves no memory: what the retry does depends on the state of the cloud, its inputs and its try
number alone. Two places of the first attempt that leave the same state are the same experiment, and an operation that
changed nothing is no place of its own.

Holding the answer of an operation is the same to the retry as a kill after it (the attempt does nothing more), and
cheaper; what is found so is then confirmed with a real SIGKILL.

Any number of kills: each state that a retry passes through and that was not seen before is a place to kill the retry
at. When no such state is left, every state that kills can reach was tried (a search over a finite graph of states), and
the task is safe under any number of kills; when the cap comes first, it is not known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from pytest_dagguard.explore.confirm import follow_up
from pytest_dagguard.model.plan import Elapse, Judged, Kill, Plan, Point, Run, Search, Searching, Step, Trial

MOST_RETRIES = 25
"""A search that has tried so many retries of killed retries and still meets new states is cut, and says so."""


def search(plan: Plan, points: tuple[Point, ...]) -> Searching:
    """Hold attempt 1 at each distinct state and run the retry; then hold the retry where it comes to new states."""
    chosen = kill_points(points)
    found = Search(kill_states=(0, len(chosen)))
    seen = {0, *(point.state for point in chosen)}
    queue: deque[tuple[Point, ...]] = deque((point,) for point in chosen)
    extra = 0
    while queue:
        path = queue.popleft()
        extra += len(path) > 1
        if extra > MOST_RETRIES:
            return found
        trial = _trial(plan, path, real=False)
        judged = yield trial
        tried, known = found.kill_states
        found.kill_states = (tried + (len(path) == 1), known)
        found.schedules += 1
        yield from follow_up(found, trial, judged, _trial(plan, path, real=True))
        if path[-1].event.alive:
            found.schedules += 1
            later = _trial(plan, path, real=False, later=True)
            judged_later = yield later
            yield from follow_up(found, later, judged_later, _trial(plan, path, real=True, later=True))
        for point in _fresh(judged, len(path) + 1, seen):
            seen.add(point.state)
            queue.append((*path, point))
        if found.hits:
            # one kill is enough to hurt: what more of them do says nothing new
            queue = deque(each for each in queue if len(each) == 1)
        if judged.late and queue:
            found.bounded = found.cut = found.kill_states[0] < known
            return found
    found.closed = not found.unreached and not found.hits
    return found


def _trial(plan: Plan, path: Sequence[Point], real: bool, later: bool = False) -> Trial:
    """Stop attempt 1, 2, ... each at its point, then let the next run to its end.

    :param real: kill each with SIGKILL rather than hold it
    :param later: what the attempts have started (pods, jobs, child runs) ends before the last one begins; otherwise it
        goes on beside it
    """
    steps: list[Step] = []
    for number, point in enumerate(path, start=1):
        steps.append(Run(number, point.selector))
        if real:
            steps.append(Kill(number))
    if later:
        steps.append(Elapse())
    steps.append(Run(len(path) + 1, retries=plan.retries - 1))
    words = [f"attempt {number} is killed after {point}" for number, point in enumerate(path, start=1)]
    if later:
        words.append("what it had started comes to its end before the next attempt begins")
    return Trial(tuple(steps), ", and ".join(words), path[-1])


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
