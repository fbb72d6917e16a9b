"""All that ends a task's work from outside: its worker is killed, or something befalls the pod that it has started."""

from __future__ import annotations

from pytest_dagguard.explore import kill_states, pod_fates
from pytest_dagguard.model.plan import Plan, Point, Search, Searching


def search(plan: Plan, points: tuple[Point, ...]) -> Searching:
    """Kill the worker at each distinct state; then try what can befall its pod."""
    found: Search = yield from kill_states.search(plan, points)
    if not found.bounded:
        yield from pod_fates.befall(plan, points, found)
    return found


STRATEGY = search
