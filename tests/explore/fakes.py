"""Clean runs, outcomes and a driver for searches, without processes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.history import Event
from pytest_dagguard.model.operation import Operation, Selector
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Judged, Kill, Plan, Point, Search, Strategy, Trial

LOST = Finding("lost", "it is gone", "s3://b/k")
EXTRA = Finding("duplicate", "it is there twice", "s3://b/k")


def point(index: int, key: str, what: str = "created", state: int = -1, verb: str = "PutObject") -> Point:
    """An operation of the clean run; ``what`` is empty where it changed nothing.

    :param state: names the state after it; -1: one of its own
    """
    resource = f"s3://b/{key}"
    read = verb.startswith(("Get", "List"))
    reads, writes = (frozenset({resource}), frozenset()) if read else (frozenset(), frozenset({resource}))
    changed = ((resource, what),) if what else ()
    number = index + 100 if state == -1 else state
    operation = Operation("s3", verb, resource, reads, writes)
    event = Event("attempt 1", index, operation, 200, changed, state=number, digests=("d",) * len(changed))
    return Point(event, Selector("s3", verb, re.escape(resource), 1), f"{verb} {resource}", number)


def outcome(unreachable: str = "", group: str = "", history: Iterable[Event] = ()) -> Outcome:
    return Outcome({}, {}, tuple(history), {}, unreachable, group)


def judged(*findings: Finding, late: bool = False, **more: Any) -> Judged:
    return Judged(outcome(), tuple(findings), late, **more)


def unreached(reason: str, group: str = "stalled") -> Judged:
    return Judged(outcome(reason, group), ())


def is_real(trial: Trial) -> bool:
    """Say whether it kills with SIGKILL rather than holds."""
    return any(isinstance(step, Kill) for step in trial.schedule)


def drive(
    strategy: Strategy, points: Iterable[Point], answer: Callable[[Trial], Judged], retries: int = 1
) -> tuple[Search, list[Trial]]:
    """Run a search to its end; return what it came to and what it asked for."""
    asked: list[Trial] = []
    search = strategy(Plan("scenario", "strategy", retries), tuple(points))
    try:
        trial = next(search)
        while True:
            asked.append(trial)
            assert len(asked) < 1000, "the search does not end"
            trial = search.send(answer(trial))
    except StopIteration as ended:
        return ended.value, asked
