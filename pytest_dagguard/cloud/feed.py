"""Answers that go on: an emulator pushes pieces while the caller reads, until one of the two has had enough."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol


class Feed:
    """The body of an answer, piece by piece. One reader; everything on one event loop."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._news: asyncio.Event | None = None
        self.closed = False
        self.idle: Callable[[], None] = lambda: None
        """Called when the reader has taken all that there is and begins to wait."""

    @property
    def waiting(self) -> bool:
        """Whether all that was pushed is taken, and more may come: the reader can do nothing but wait."""
        return not self._pieces and not self.closed

    def push(self, piece: bytes) -> None:
        """Give the reader a piece; one that has gone away gets nothing."""
        if piece and not self.closed:
            self._pieces.append(piece)
            self._wake()

    def close(self) -> None:
        """The reader gets what was pushed, and then the end."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        if self._news is not None:
            self._news.set()

    def __aiter__(self) -> Feed:
        return self

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self.closed:
                raise StopAsyncIteration
            self._news = asyncio.Event()
            self.idle()
            await self._news.wait()
        return self._pieces.popleft()


class Channels(Protocol):
    """A websocket with numbered channels, as ``exec`` has it."""

    protocol: str
    """What was agreed on, ``v5.channel.k8s.io``; empty where nothing was."""

    async def receive(self) -> tuple[int, bytes] | None:
        """The next message and its channel; None where the caller has hung up."""
        ...

    async def send(self, channel: int, data: bytes) -> None:
        """Send a message on a channel."""
        ...


Conversation = Callable[[Channels], Awaitable[None]]
"""What is said over a websocket; it is closed afterwards."""
