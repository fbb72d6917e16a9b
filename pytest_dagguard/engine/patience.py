"""When an attempt that does not end is given up."""

from __future__ import annotations

import time
from collections.abc import Callable

LOOK = 1.0
"""Seconds between two looks at an attempt that makes no news."""

IDLE_AT_LEAST = 5.0
"""On a busy machine a process may wait so long for its turn, whatever the configuration says."""

MOST = 5
"""An attempt that goes on making requests may take this many attempt time-outs in all."""

_WORKS = 0.02
"""An attempt that uses a smaller part of one processor than this does not work, it waits."""


class Patience:
    """Watches one attempt from the moment at which it is let go on."""

    def __init__(self, idle: float, timeout: float, clock: Callable[[], float] = time.monotonic) -> None:
        """
        :param idle: seconds that it may wait, without a request and without work
        :param timeout: seconds that it may work without a request
        """
        self.idle, self.timeout, self.clock = max(idle, IDLE_AT_LEAST), timeout, clock
        self.began = self.asked = self.worked = self.looked = clock()
        self.operations, self.progress, self.cpu = -1, 0.0, 0.0

    def works(self, cpu: float) -> bool:
        """Say whether the attempt has used the processor since the last look; True at the first."""
        return self.operations < 0 or abs(cpu - self.cpu) > _WORKS * (self.clock() - self.looked)

    def spent(self, operations: int, cpu: float, progress: float = 0.0) -> str:
        """Why the attempt is to be given up now, in words that follow "attempt 1"; empty where it is not.

        :param operations: requests that it has made so far
        :param progress: anything that is another number when something has happened in the world for which it waits
        :param cpu: seconds of processor time that it and its processes have used so far
        """
        now = self.clock()
        if (operations, progress) != (self.operations, self.progress):
            self.asked = self.worked = now
        # processes that have ended take their time with them, so that it may also shrink
        elif abs(cpu - self.cpu) > _WORKS * (now - self.looked):
            self.worked = now
        self.operations, self.progress, self.cpu, self.looked = operations, progress, cpu, now
        after = f"after {operations} {'operation' if operations == 1 else 'operations'}" if operations else "at once"
        if now - self.worked >= self.idle:
            return f"waits: {after} it did nothing for {now - self.worked:.0f} s"
        if now - self.asked >= self.timeout:
            return f"does not end: {after} it made none for {now - self.asked:.0f} s"
        if now - self.began >= MOST * self.timeout:
            return f"does not end: it goes on {after} and {now - self.began:.0f} s"
        return ""
