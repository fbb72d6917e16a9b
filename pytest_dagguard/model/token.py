"""Replay tokens: a schedule in a few letters, so that a finding can be repeated exactly.

A token names the item, the clean run it was found against and, for each stop, the place of the operation in its attempt
with a check of what the operation was. Shaped after the replayable schedules of AWS Labs' shuttle; the encoding is our
own: bytes in base 32, in lower case without padding.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_dagguard.model.errors import ConfigurationError
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.plan import Kill, Run, Schedule, Step

PREFIX = "k1."
_RUN, _STOP, _KILL = 0, 1, 2
_MARK = 4


@dataclass(frozen=True, slots=True)
class Stop:
    """An attempt is stopped after one of its operations.

    :param index: 0-based among the attempt's operations
    :param check: of what the operation is, see :func:`mark`
    """

    attempt: int
    index: int
    check: bytes


@dataclass(frozen=True, slots=True)
class Go:
    """An attempt runs to its end; ``retries`` further tries follow where it fails."""

    attempt: int
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Token:
    """A schedule of one item.

    :param item: mark of ``file::dag.task::scenario``
    :param clean: mark of the operations and the noise of the clean run
    """

    item: bytes
    clean: bytes
    steps: tuple[Stop | Go | Kill, ...]


def mark(*words: str) -> bytes:
    """Four bytes that stand for some words."""
    return hashlib.blake2b("\0".join(words).encode(), digest_size=_MARK).digest()


def encode(token: Token) -> str:
    """The token in letters, ``k1.`` and what follows."""
    raw = bytearray(token.item + token.clean)
    for step in token.steps:
        if isinstance(step, Stop):
            raw += bytes((_STOP, step.attempt)) + step.index.to_bytes(3, "big") + step.check
        elif isinstance(step, Kill):
            raw += bytes((_KILL, step.attempt))
        else:
            raw += bytes((_RUN, step.attempt, step.retries))
    return PREFIX + base64.b32encode(bytes(raw)).decode().rstrip("=").lower()


def decode(text: str) -> Token:
    """The token that :func:`encode` put into letters.

    :raises ConfigurationError: it is none, or only a part of one
    """
    wrong = ConfigurationError(
        f"--dagguard-replay: {text!r} is no token of this version; copy the whole of what stands after"
        f" --dagguard-replay= in a report, {PREFIX} and all"
    )
    body = text.strip().removeprefix(PREFIX).upper()
    try:
        raw = base64.b32decode(body + "=" * (-len(body) % 8))
    except binascii.Error:
        raise wrong from None
    if not text.strip().startswith(PREFIX) or len(raw) < 2 * _MARK:
        raise wrong
    steps: list[Stop | Go | Kill] = []
    rest = raw[2 * _MARK :]
    while rest:
        length = {_RUN: 3, _STOP: 5 + _MARK, _KILL: 2}.get(rest[0], 0)
        if not length or len(rest) < length:
            raise wrong
        kind, attempt = rest[0], rest[1]
        if kind == _STOP:
            steps.append(Stop(attempt, int.from_bytes(rest[2:5], "big"), bytes(rest[5:length])))
        elif kind == _KILL:
            steps.append(Kill(attempt))
        else:
            steps.append(Go(attempt, rest[2]))
        rest = rest[length:]
    return Token(raw[:_MARK], raw[_MARK : 2 * _MARK], tuple(steps))


def schedule(token: Token) -> Schedule:
    """The schedule, each stop found by its place alone; whether it was the right operation is checked afterwards."""
    steps: list[Step] = []
    for step in token.steps:
        if isinstance(step, Stop):
            steps.append(Run(step.attempt, Selector("", "", ".*", step.index + 1)))
        elif isinstance(step, Kill):
            steps.append(step)
        else:
            steps.append(Run(step.attempt, retries=step.retries))
    return tuple(steps)


def steps_of(plan: Schedule, stops: Sequence[Stop]) -> tuple[Stop | Go | Kill, ...]:
    """A schedule with the stops that it came to, in their order.

    :raises ValueError: there are fewer stops than the schedule has
    """
    found: list[Stop | Go | Kill] = []
    left = list(stops)
    for step in plan:
        if isinstance(step, Kill):
            found.append(step)
        elif step.until is None:
            found.append(Go(step.attempt, step.retries))
        elif left:
            found.append(left.pop(0))
        else:
            raise ValueError("the schedule did not come to all of its stops")
    return tuple(found)
