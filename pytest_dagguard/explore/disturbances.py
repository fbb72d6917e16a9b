"""Replies that are lost or bad while the attempt lives on; the client library tries again by itself."""

from __future__ import annotations

from pytest_dagguard.explore.confirm import follow_up
from pytest_dagguard.explore.kill_states import kill_points
from pytest_dagguard.model.plan import Disturb, Plan, Point, Run, Search, Searching, Trial

KINDS = {
    "503 after": "the answer to {} is lost: it took effect, and the service answers 503",
    "reset after": "the answer to {} is lost: it took effect, and the connection is cut",
    "503 before": "{} is answered with 503, and did not take effect",
    "429 before": "{} is throttled with 429, and did not take effect",
}
SERVICES = ("s3", "gcs", "dataproc", "dataflow")
"""Whose clients try again by themselves. Airflow's own API is spared: its client gives up sooner than a cloud's, and a
worker that cannot reach it is dead."""


def search(plan: Plan, points: tuple[Point, ...]) -> Searching:
    """Disturb each operation that left a distinct state, in each way."""
    chosen = [point for point in kill_points(points) if point.event.operation.service in SERVICES]
    trials = [
        Trial((Disturb(1, point.selector, kind), Run(1, retries=plan.retries)), words.format(point), point)
        for kind, words in KINDS.items()
        for point in chosen
    ]
    found = Search()
    for tried, trial in enumerate(trials, start=1):
        judged = yield trial
        found.schedules += 1
        yield from follow_up(found, trial, judged, trial)
        if judged.late and tried < len(trials):
            found.bounded = found.cut = True
            break
    return found


STRATEGY = search
