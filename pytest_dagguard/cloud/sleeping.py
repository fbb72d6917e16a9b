"""The port at which an actor sleeps: it says for how long, and hears what time it is when it is woken."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from pytest_dagguard.cloud.server import Port, bound
from pytest_dagguard.cloud.world import Sleeper, World


async def serve_sleep(world: World, whose: Callable[[], str]) -> Port:
    """Listen for sleepers of one actor.

    A line ``SECONDS LIMIT`` asks to sleep, where a negative limit is none, and ``SECONDS bell`` for a timer that runs
    beside what the actor does; the answer is a line with the virtual time
    in seconds since the experiment began. Who hangs up does not sleep any more. One connection sleeps at one time.

    :param whose: tells the actor's name when one comes
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                seconds, limit = line.split()
                if limit == b"bell":
                    sleeper = world.sleep(whose(), float(seconds), -1.0, bell=True)
                else:
                    sleeper = world.sleep(whose(), float(seconds), float(limit))
                now = await _woken(sleeper, world, reader)
                if now is None:
                    break
                writer.write(b"%.6f\n" % now)
                await writer.drain()
        except (ConnectionError, ValueError):
            pass
        finally:
            writer.close()

    return Port(await asyncio.start_server(serve, sock=bound()))


async def _woken(sleeper: Sleeper, world: World, reader: asyncio.StreamReader) -> float | None:
    """The time at which a sleeper is woken, None where its actor is gone or it hung up."""
    if sleeper.answer.done() and not sleeper.answer.cancelled():
        return sleeper.answer.result()
    gone = asyncio.ensure_future(reader.read(1))
    either: list[asyncio.Future[Any]] = [sleeper.answer, gone]
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await gone
    if sleeper.answer.done() and not sleeper.answer.cancelled():
        return sleeper.answer.result()
    world.wake(sleeper)
    world.step()
    return None
