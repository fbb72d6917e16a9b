"""Virtual time in an attempt: a pause takes no time, and the clocks go on as if it had.

``time.sleep``, ``asyncio.sleep`` and timers by ``signal.setitimer`` (with which Airflow bounds a task) ask the cloud's
clock. The wall clock and ``time.monotonic`` follow; event loops keep the machine's own time, so that the time-outs of
requests that are under way do not run out. A pause in a program of its own, or in a lock's time-out, is not seen here.

The functions are put in place once, before libraries are imported that take them by name. In a process that is no
attempt they do as always.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

from pytest_dagguard.stage.naps import Naps

_sleep, _monotonic, _setitimer, _asleep = time.sleep, time.monotonic, signal.setitimer, asyncio.sleep
_inside: list[Clockwork] = []
"""The clockwork of this process, where it is an attempt; empty in all others."""


_LATER = 5.0
"""Seconds that a task may take from its load to the moment from which it measures its own time-out."""


class Clockwork:
    """The clocks of one attempt."""

    def __init__(self, url: str, ahead: float, now: float) -> None:
        """
        :param url: of the attempt's own port at the cloud's clock
        :param ahead: seconds by which the wall clock is ahead of the machine's
        :param now: virtual seconds since the experiment began
        """
        parts = urlsplit(url)
        self.address = (str(parts.hostname), int(parts.port or 0))
        self.pid = os.getpid()
        self.began = self.now = now
        self.slept = 0.0
        self.deadline: float | None = None
        self.look: float | None = None
        self.patience: float | None = None
        self._bell: socket.socket | None = None
        self._lock = threading.Lock()
        self._links: list[socket.socket] = []
        self._naps: weakref.WeakKeyDictionary[Any, Naps] = weakref.WeakKeyDictionary()
        self._wall: Any = None
        self._traveller: Any = None
        if ahead or now:
            self._shift(ahead + now)

    @property
    def passed(self) -> float:
        """Virtual seconds since the attempt began."""
        return self.now - self.began

    def monotonic(self) -> float:
        """The monotonic clock as the task is to see it."""
        return _monotonic() + self.passed

    def pause(self, seconds: float) -> None:
        """Sleep."""
        if seconds <= 0:
            _sleep(max(0.0, seconds))
            return
        with self._lock:
            link = self._links.pop() if self._links else socket.create_connection(self.address)
        link.sendall(self.line(seconds))
        answer = b""
        while not answer.endswith(b"\n"):
            piece = link.recv(64)
            if not piece:
                forever()
            answer += piece
        with self._lock:
            self._links.append(link)
        self.slept += seconds
        self.follow(float(answer))

    async def apause(self, seconds: float) -> None:
        """Sleep in a coroutine; others go on."""
        loop = asyncio.get_running_loop()
        if loop not in self._naps:
            self._naps[loop] = Naps(self.address, self.line, self.follow)
        await self._naps[loop].sleep(seconds)
        self.slept += seconds

    async def aring(self, seconds: float) -> None:
        """Return when so many seconds have passed beside what else goes on here, which is no pause by itself."""
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            writer.write(b"%.6f bell\n" % seconds)
            answer = await reader.readline()
        finally:
            writer.close()
        if not answer:
            await asyncio.get_running_loop().create_future()  # the cloud let go of us: this process is about to end
        self.follow(float(answer))

    def follow(self, now: float) -> float:
        """Follow the cloud's clock, and ring where a timer has run out.

        :param now: what it says; a negative number is no time
        :returns: the virtual time
        """
        with self._lock:
            if now > self.now:
                self._shift(now - self.now)
                self.now = now
        if self.deadline is not None and self.monotonic() >= self.deadline - 1e-3:
            self.deadline = None
            _setitimer(signal.ITIMER_REAL, 0)
            os.kill(os.getpid(), signal.SIGALRM)
        return self.now

    def line(self, seconds: float) -> bytes:
        """What the cloud's clock is asked."""
        now = self.monotonic()
        limits = [] if self.deadline is None else [max(0.0, self.deadline - now)]
        if self.look is not None and self.look > now:
            limits.append(self.look - now)
        return b"%.6f %.6f\n" % (seconds, min(limits, default=-1.0))

    def bound(self, seconds: float, here: bool) -> None:
        """Take note of a time-out that the task itself looks after, between two sleeps: it is not to sleep past that.

        :param here: counted from now; False: from the beginning of the try's first process
        """
        self.patience = seconds + _LATER
        if here:
            self.look = self.monotonic() + self.patience

    def timer(self, seconds: float) -> None:
        """Take note of a timer; 0 ends it.

        It runs out while the task pauses, where :meth:`line` has it, and while it reads an answer that goes on, for
        which a thread waits.
        """
        if self._bell is not None:
            self._bell.close()
            self._bell = None
        self.deadline = self.monotonic() + seconds if seconds > 0 else None
        if seconds > 0:
            self._bell = link = socket.create_connection(self.address)
            threading.Thread(target=self._wait_for_bell, args=(link, seconds), daemon=True).start()

    def _wait_for_bell(self, link: socket.socket, seconds: float) -> None:
        with contextlib.suppress(OSError):
            link.sendall(b"%.6f bell\n" % seconds)
            answer = link.recv(64)
            if answer and self._bell is link:
                self.follow(float(answer))

    def _shift(self, seconds: float) -> None:
        if self._wall is not None:
            self._wall.shift(timedelta(seconds=seconds))
            return
        import time_machine

        self._traveller = time_machine.travel(datetime.now(timezone.utc) + timedelta(seconds=seconds), tick=True)
        self._wall = self._traveller.start()

    def stop(self) -> None:
        """The machine's own time again."""
        if self._traveller is not None:
            self._traveller.stop()
        for each in self._links:
            each.close()


def forever() -> None:
    """The cloud let go of us: whoever closed the port is about to end this process."""
    while True:
        _sleep(60)


def _mine() -> Clockwork | None:
    # a program that the task forks without exec is no attempt: it sleeps as always
    return _inside[0] if _inside and _inside[0].pid == os.getpid() else None


def sleep(seconds: float, /) -> None:
    """As ``time.sleep``."""
    clock = _mine()
    if clock is None:
        _sleep(seconds)
    else:
        clock.pause(float(seconds))


async def asleep(delay: float, result: Any = None) -> Any:
    """As ``asyncio.sleep``, for ``delay`` virtual seconds."""
    clock = _mine()
    if clock is None or delay <= 0:
        return await _asleep(delay, result)
    await clock.apause(float(delay))
    return result


async def bell(seconds: float) -> None:
    """Return when so many seconds have passed for a task that is at work: time goes on when it pauses, not for this."""
    clock = _mine()
    await (_asleep(seconds) if clock is None or seconds <= 0 else clock.aring(seconds))


def monotonic() -> float:
    """As ``time.monotonic``."""
    clock = _mine()
    return _monotonic() if clock is None else clock.monotonic()


def setitimer(which: int, seconds: float, interval: float = 0.0, /) -> tuple[float, float]:
    """As ``signal.setitimer``."""
    clock = _mine()
    if clock is not None and which == signal.ITIMER_REAL:
        clock.timer(seconds)
    return _setitimer(which, seconds, interval)


def install() -> None:
    """Put the functions into their places, for all processes that are forked from here."""
    if time.sleep is sleep:
        return
    time.sleep = sleep  # type: ignore[assignment]
    time.monotonic = monotonic
    signal.setitimer = setitimer
    asyncio.sleep = asyncio.tasks.sleep = asleep
    # the loops' timers are those of requests under way, which take the machine's own time
    asyncio.BaseEventLoop.time = lambda self: _monotonic()  # type: ignore[method-assign]


@contextmanager
def running(url: str, ahead: float, now: float) -> Iterator[Clockwork]:
    """Within the block this process has virtual time."""
    clock = Clockwork(url, ahead, now)
    _inside[:] = [clock]
    try:
        yield clock
    finally:
        _inside.clear()
        with contextlib.suppress(Exception):
            clock.stop()
