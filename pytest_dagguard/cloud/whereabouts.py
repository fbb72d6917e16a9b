"""What an attempt is at while it waits for an answer, as it says itself when it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sized
from dataclasses import dataclass

from pytest_dagguard.model.history import Frame

_GRACE = 0.05
"""Seconds of the machine's time in which other threads of an attempt may come with what they are about to ask for."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What an attempt says of itself.

    :param site: the repository's frames, innermost first
    :param at_work: how many of its threads wait for no other thread, those that wait for an answer among them
    :param threads: how many it has; one that waits for another may be about to wake
    """

    site: tuple[Frame, ...] = ()
    at_work: int = 1
    threads: int = 1


Where = Callable[[], Awaitable[Whereabouts]]


async def together(where: Where, told: Whereabouts, under_way: Sized) -> None:
    """Wait until the other threads of an attempt have asked too, for a moment at the most.

    What is under way at the same time depends on nothing of each other, and that shows here alone: a cloud so near
    answers before the next thread has begun to ask.

    :param told: what the attempt has just said
    :param under_way: its requests that have no answer yet
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    while loop.time() - began < _GRACE:
        awaking = told.threads > len(under_way) and loop.time() - began < _GRACE / 5
        if told.at_work <= len(under_way) and not awaking:
            return
        await asyncio.sleep(_GRACE / 20)
        told = await where()
