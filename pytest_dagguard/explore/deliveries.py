"""The message that starts a task is lost, comes twice, or its worker is gone before it acknowledges: one trial each."""

from __future__ import annotations

from pytest_dagguard.explore.confirm import follow_up
from pytest_dagguard.explore.kill_states import kill_points
from pytest_dagguard.model.plan import GONE, LOST, TWICE, Deliver, Plan, Point, Run, Search, Searching, Trial


def search(plan: Plan, points: tuple[Point, ...]) -> Searching:
    """Stop worker 1 after the last operation that changed something, or after its start where none did.

    There are three trials and no more, so the budget does not cut them.
    """
    starts = [each for each in points if each.event.operation.verb == "ti.start"]
    at = next(iter([*kill_points(points), *starts]), None)
    trials = [
        Trial((Deliver(LOST),), "the message that starts the task is lost, and Airflow sends another after 10 minutes")
    ]
    if at is not None:
        stop = Run(1, at.selector)
        twice = f"a worker is frozen after {at}, and another one gets the same message"
        gone = f"a worker is killed after {at} before it acknowledges the message, which comes again"
        trials += [Trial((Deliver(TWICE), stop), twice, at), Trial((Deliver(GONE), stop), gone, at)]
    found = Search()
    if plan.cleared:
        found.remarks.append("the task has no retries: where its worker is gone, it fails until somebody clears it")
    for trial in trials:
        judged = yield trial
        found.schedules += 1
        yield from follow_up(found, trial, judged, trial)
        if judged.outcome.unreachable:
            break
    return found


STRATEGY = search
