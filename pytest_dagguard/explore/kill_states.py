"""Kill once for each distinct state, not once for each line.

SIGKILL runs no code and leaves no memory: what the retry does depends on the state of the cloud, its inputs and its try
number alone. Two places of the first attempt that leave the same state are the same experiment, and an operation that
changed nothing is no place of its own.

Holding the answer of an operation is the same to the retry as a kill after it (the attempt does nothing more), and
cheaper; what is found so is then confirmed with a real SIGKILL.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_dagguard.explore.confirm import follow_up
from pytest_dagguard.model.plan import Kill, Plan, Point, Run, Search, Searching, Trial


def search(plan: Plan, points: tuple[Point, ...]) -> Searching:
    """Hold attempt 1 at each distinct state, run the retry; confirm with SIGKILL."""
    chosen = kill_points(points)
    found = Search(kill_states=(0, len(chosen)))
    for tried, point in enumerate(chosen, start=1):
        retry = Run(2, retries=plan.retries - 1)
        until = Run(1, point.selector)
        fault = f"attempt 1 is killed after {point}"
        trial = Trial((until, retry), fault, point)
        judged = yield trial
        found.kill_states = (tried, len(chosen))
        found.schedules += 1
        yield from follow_up(found, trial, judged, Trial((until, Kill(1), retry), fault, point))
        if judged.late and tried < len(chosen):
            found.bounded = True
            break
    return found


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
