"""Ends an attempt that wants to sleep for longer than anybody would wait for it.

Pauses are not simulated yet: an attempt that sleeps for five minutes, or a sensor that pokes each minute for something
that the seed does not have, could only be waited for. It is ended at once instead, and the verdict names the pause.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import FrameType

from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.history import Frame
from pytest_dagguard.stage import where


class Paused(BaseException):
    """The attempt wants to sleep for too long.

    Not an :class:`Exception`, so that no task takes it for an error of its own and goes on.
    """

    def __init__(self, asked: float, slept: float, sensor: bool, trace: tuple[Frame, ...]) -> None:
        """
        :param asked: seconds of this pause
        :param slept: seconds of the pauses before it
        :param sensor: a sensor pauses between two pokes
        """
        self.sensor = sensor
        self.trace = trace
        times = f" after {slept:g} s of other pauses" if slept else ""
        super().__init__(f"{'pokes again in' if sensor else 'sleeps for'} {asked:g} s{times}")


def within(patience: float, roots: Sequence[str], run: Callable[[], AttemptResult]) -> AttemptResult:
    """Run an attempt whose main thread may sleep for so many seconds in all.

    A pause in another thread, in a program of its own, or in a module that took ``sleep`` by name before is not seen
    here: an attempt that then does nothing is given up by the director.

    :param roots: folders whose files are the repository's own code
    """
    sleep, main = time.sleep, threading.get_ident()
    slept: list[float] = []
    met: list[Paused] = []

    def limited(seconds: float, /) -> None:
        if threading.get_ident() == main and seconds + sum(slept) > patience:
            frame = sys._getframe(1)
            trace = tuple(Frame(*each) for each in where.own_frames(frame, roots))
            met.append(Paused(seconds, sum(slept), _in_sensor(frame), trace))
            raise met[-1]
        sleep(seconds)
        if threading.get_ident() == main:
            slept.append(seconds)

    time.sleep = limited  # type: ignore[assignment]
    try:
        result = run()
    finally:
        time.sleep = sleep
    if not met:
        return result
    # whatever the task made of it: it went on without a pause that it takes in production
    first = met[0]
    return replace(
        result,
        state="paused",
        error=str(first),
        error_kind=f"{Paused.__module__}.{Paused.__qualname__}",
        trace=first.trace,
        details=(*result.details, ("sensor", first.sensor)),
    )


def _in_sensor(frame: FrameType | None) -> bool:
    while frame is not None:
        # Airflow's sensors, and nothing else, sleep in ``execute`` of an operator that can poke
        if frame.f_code.co_name == "execute" and hasattr(frame.f_locals.get("self"), "poke"):
            return True
        frame = frame.f_back
    return False
