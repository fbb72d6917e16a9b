"""Waiting for the first event of a trigger: the same for all versions."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytest_dagguard.stage.virtual import bell

FAIL = "__fail__"
"""Airflow's name of the method that a task goes on with when its trigger has failed."""


@dataclass(frozen=True, slots=True)
class Fired:
    """What the task goes on with.

    :param method: as ``next_method`` has it
    :param kwargs: as ``next_kwargs`` has them, serialized
    :param error: of a trigger that failed
    """

    method: str
    kwargs: Any
    error: BaseException | None = None


async def first_event(make: Callable[[], Any], timeout: float | None) -> Any:
    """The first event of a trigger; None where it ends without.

    :param make: gives the trigger
    :param timeout: seconds of the task's own time
    :raises asyncio.TimeoutError: it took longer
    """
    trigger = make()
    try:
        return await (_next(trigger) if timeout is None else _before(_next(trigger), float(timeout)))
    finally:
        with contextlib.suppress(Exception):
            await trigger.cleanup()


async def _next(trigger: Any) -> Any:
    async for event in trigger.run():
        return event
    return None


async def _before(coming: Any, seconds: float) -> Any:
    """Wait for it, but not for longer than so many seconds of the task's own time."""
    first, rung = asyncio.ensure_future(coming), asyncio.ensure_future(bell(seconds))
    await asyncio.wait({first, rung}, return_when=asyncio.FIRST_COMPLETED)
    rung.cancel()
    if first.done():
        return first.result()
    first.cancel()
    raise asyncio.TimeoutError
