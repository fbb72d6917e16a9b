"""Pauses of coroutines in virtual time: all that sleep in one event loop, and one of them who asks for all.

The cloud's clock must not jump for the first that falls asleep while others in the same loop are about to. So it is
asked when the loop has nothing left to do at once, and for the earliest of them.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_ROUNDS = 100
"""So many rounds of the loop are waited for at most until it has nothing left to do."""


@dataclass(order=True, slots=True)
class _Nap:
    wake: float
    number: int
    woken: asyncio.Future[None] = field(compare=False)


class Naps:
    """The sleepers of one event loop."""

    def __init__(self, address: tuple[str, int], line: Callable[[float], bytes], follow: Callable[[float], float]):
        """
        :param address: of the cloud's clock
        :param line: the question for so many seconds
        :param follow: takes in the time that the cloud's clock says; with a negative one it only tells the present time
        """
        self.address, self.line, self.follow = address, line, follow
        self._naps: list[_Nap] = []
        self._count = itertools.count()
        self._asking: dict[float, asyncio.Task[None]] = {}
        self._waiting = False

    async def sleep(self, seconds: float) -> None:
        """Sleep until so many virtual seconds have passed."""
        loop = asyncio.get_running_loop()
        nap = _Nap(self.follow(-1.0) + seconds, next(self._count), loop.create_future())
        heapq.heappush(self._naps, nap)
        if not self._waiting:
            self._waiting = True
            loop.call_soon(self._settle, loop, _ROUNDS)
        try:
            await nap.woken
        finally:
            if nap in self._naps:
                self._naps.remove(nap)
                heapq.heapify(self._naps)
                self._let_go()

    def _settle(self, loop: asyncio.AbstractEventLoop, rounds: int) -> None:
        """Ask when the loop has nothing else to do at once."""
        if rounds and getattr(loop, "_ready", None):
            loop.call_soon(self._settle, loop, rounds - 1)
            return
        self._waiting = False
        self._naps = [each for each in self._naps if not each.woken.done()]
        heapq.heapify(self._naps)
        if self._naps and all(wake > self._naps[0].wake for wake in self._asking):
            wake = self._naps[0].wake
            self._asking[wake] = loop.create_task(self._ask(wake))

    def _let_go(self) -> None:
        """Stop asking for a time at which nobody wants to be woken any more."""
        wanted = {each.wake for each in self._naps}
        for wake, task in list(self._asking.items()):
            if wake not in wanted:
                task.cancel()

    async def _ask(self, wake: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            reader, writer = await asyncio.open_connection(*self.address)
            try:
                writer.write(self.line(max(0.0, wake - self.follow(-1.0))))
                answer = await reader.readline()
            finally:
                writer.close()
            if not answer:
                await loop.create_future()  # the cloud let go of us: this process is about to end
            now = self.follow(float(answer))
        finally:
            self._asking.pop(wake, None)
        while self._naps and self._naps[0].wake <= now + 1e-6:
            nap: Any = heapq.heappop(self._naps)
            if not nap.woken.done():
                nap.woken.set_result(None)
        if self._naps and not self._waiting:
            self._waiting = True
            loop.call_soon(self._settle, loop, _ROUNDS)
