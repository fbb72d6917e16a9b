"""The note on work that a retry does again."""

from __future__ import annotations

import pytest

from pytest_dagguard.engine.repeated import Latest, remarks
from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.history import Event
from pytest_dagguard.model.operation import Operation
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Elapse, Run, Trial

PUT = Operation("s3", "PutObject", "s3://b/k")


def outcome(first: int, second: int = 0, slept: float = 0.0, state: str = "success") -> Outcome:
    history = [Event("attempt 1", i, PUT, 200) for i in range(first)]
    history += [Event("attempt 2", i, PUT, 200) for i in range(second)]
    details = (("slept", slept),)
    results = {"attempt 1": AttemptResult("attempt 1", state, details=details)}
    if second:
        results["attempt 2"] = AttemptResult("attempt 2", state, details=details)
    return Outcome({}, {}, tuple(history), results)


def seen(*outcomes: Outcome) -> Latest:
    latest = Latest()
    for each in outcomes:
        latest.see(Trial((Run(1), Run(2)), ""), each)
    return latest


@pytest.mark.parametrize(
    ("total", "slept", "done", "again", "slept_again", "noted"),
    [
        (4, 7200.0, 4, 4, 7200.0, True),
        (4, 7200.0, 4, 4, 60.0, False),  # it finds most of it done
        (4, 7200.0, 1, 4, 7200.0, False),  # that early there is nothing to repeat
        (4, 7200.0, 4, 1, 7200.0, False),  # it takes up what is under way
        (4, 30.0, 4, 4, 30.0, False),  # short
        (100, 0.0, 90, 100, 0.0, True),
        (100, 0.0, 90, 10, 0.0, False),
    ],
)
def test_it_is_noted_where_a_long_task_begins_again(
    total: int, slept: float, done: int, again: int, slept_again: float, noted: bool
) -> None:
    found = remarks(outcome(total, slept=slept), seen(outcome(done, again, slept_again)))
    assert bool(found) is noted
    assert all(each.startswith("work is repeated: ") for each in found)


def test_the_latest_kill_counts_and_a_retry_that_fails_or_comes_later_does_not() -> None:
    assert seen(outcome(1, 9), outcome(5, 6), outcome(2, 9)).again == 6
    assert seen(outcome(5, 6, state="failed")).done == 0
    latest = Latest()
    latest.see(Trial((Run(1), Elapse(), Run(2)), ""), outcome(5, 6))
    assert latest.done == 0
