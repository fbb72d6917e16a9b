"""Attempts that want to sleep for longer than anybody would wait."""

from __future__ import annotations

import threading
import time

import pytest

from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.stage.pauses import Paused, within

DONE = AttemptResult("attempt 1", "success")


def test_short_pauses_are_slept() -> None:
    def run() -> AttemptResult:
        time.sleep(0.01)
        return DONE

    assert within(1.0, [], run) == DONE


def test_a_long_one_ends_the_attempt_at_once() -> None:
    kept = time.sleep

    def run() -> AttemptResult:
        with pytest.raises(Paused):
            time.sleep(300)
        return DONE

    found = within(1.0, [__file__], run)
    assert time.sleep is kept
    # the task swallowed it and went on: no success without the pause that it takes in production
    assert (found.state, found.error) == ("paused", "sleeps for 300 s")
    assert found.trace[0].function == "run"
    assert dict(found.details)["sensor"] is False


def test_many_short_ones_add_up() -> None:
    def run() -> AttemptResult:
        for _ in range(100):
            time.sleep(0.02)
        return DONE

    with pytest.raises(Paused, match=r"sleeps for 0\.02 s after"):
        within(0.1, [], run)


def test_a_sensor_is_known_by_its_poke() -> None:
    class Sensor:
        def poke(self) -> bool:
            return False

        def execute(self) -> None:
            while not self.poke():
                time.sleep(60)

    def run() -> AttemptResult:
        with pytest.raises(Paused):
            Sensor().execute()
        return DONE

    found = within(1.0, [], run)
    assert found.error == "pokes again in 60 s"
    assert dict(found.details)["sensor"] is True


def test_other_threads_may_sleep() -> None:
    slept = []

    def nap() -> None:
        time.sleep(0.3)
        slept.append(True)

    def run() -> AttemptResult:
        thread = threading.Thread(target=nap)
        thread.start()
        thread.join()
        return DONE

    assert within(0.1, [], run) == DONE
    assert slept == [True]
