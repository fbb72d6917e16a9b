"""When an attempt is given up: it waits without working, works without a request, or goes on for ever."""

from __future__ import annotations

import itertools

import pytest

from pytest_dagguard.engine.patience import IDLE_AT_LEAST, LOOK, MOST, Patience


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def ends(idle: float, timeout: float, operations: object, cpu: object) -> tuple[float, str]:
    """Look once a second; return after how many seconds it is given up, and why."""
    clock = Clock()
    patience = Patience(idle, timeout, clock)
    for number in itertools.count(1):
        clock.now += LOOK
        why = patience.spent(operations(number), cpu(number))  # type: ignore[operator]
        if why:
            return clock.now - 1000.0, why
        assert number < 10_000
    raise AssertionError


def nothing(number: int) -> int:
    return 0


def always(number: int) -> float:
    return float(number)


def test_who_waits_is_given_up_soon() -> None:
    after, why = ends(10, 60, lambda number: 3, nothing)
    assert 10 <= after <= 10 + 2 * LOOK
    assert why.startswith("waits: after 3 operations")


def test_who_works_without_a_request_is_given_time() -> None:
    after, why = ends(10, 60, lambda number: 1, always)
    assert 60 <= after <= 60 + 2 * LOOK
    assert why.startswith("does not end: after 1 operation it made none")


def test_who_goes_on_making_requests_is_given_up_in_the_end() -> None:
    after, why = ends(10, 60, lambda number: number, always)
    assert after == pytest.approx(MOST * 60, abs=2 * LOOK)
    assert "goes on" in why


def test_a_slow_machine_is_no_reason() -> None:
    after, _ = ends(0.5, 60, lambda number: 1, nothing)
    assert after >= IDLE_AT_LEAST


def test_work_in_between_counts() -> None:
    after, _ = ends(10, 600, lambda number: 1, lambda number: float(number // 8))
    assert after > 20


def test_a_request_in_between_counts() -> None:
    after, _ = ends(10, 60, lambda number: number // 8, nothing)
    assert after == pytest.approx(MOST * 60, abs=2 * LOOK)


def test_a_busy_waiter_that_hardly_works_waits() -> None:
    after, why = ends(10, 600, lambda number: 1, lambda number: number * 0.001)
    assert after <= 12
    assert why.startswith("waits")
