"""SIGTERM: the worker is asked to go, and has a few seconds before SIGKILL."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_dagguard.explore.confirm import follow_up
from pytest_dagguard.explore.kill_states import kill_points
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.plan import Kill, Plan, Point, Run, Schedule, Search, Searching, Terminate, Trial

ANY_ONE = Selector("", "", ".*", 1)


def search(plan: Plan, points: tuple[Point, ...]) -> Searching:
    """SIGTERM at each distinct state; then no further operation happens, or one, or all that the task has left."""
    found = Search()
    trials = [each for point in kill_points(points) for each in _trials(plan, point)]
    for tried, trial in enumerate(trials, start=1):
        judged = yield trial
        found.schedules += 1
        yield from follow_up(found, trial, judged, trial)
        if judged.late and tried < len(trials):
            found.bounded = found.cut = True
            break
    return found


def _trials(plan: Plan, point: Point) -> Iterator[Trial]:
    start = (Run(1, point.selector), Terminate(1))
    retry = Run(2, retries=plan.retries - 1)
    graces: dict[str, Schedule] = {
        "is killed before it does anything more": (*start, Kill(1), retry),
        "is killed after one more operation": (*start, Run(1, ANY_ONE, may_end=True), Kill(1), retry),
        "uses its time": (*start, Run(1, retries=plan.retries)),
    }
    for words, schedule in graces.items():
        yield Trial(schedule, f"attempt 1 gets SIGTERM after {point} and {words}", point)


STRATEGY = search
