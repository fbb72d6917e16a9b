"""Replay tokens: a schedule in a few letters, so that a finding can be repeated exactly.

A token names the item, the clean run it was found against and, for each stop, the place of the operation in its attempt
with a check of what the operation was. Shaped after the replayable schedules of AWS Labs' shuttle; the encoding is our
own: bytes in base 32, in lower case without padding.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_dagguard.model.errors import ConfigurationError
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.plan import (
    DELIVERIES,
    FATES,
    Befall,
    Deliver,
    Disturb,
    Drift,
    Elapse,
    Endless,
    Kill,
    Onward,
    Order,
    Run,
    Schedule,
    Step,
    Terminate,
)

PREFIX = "k1."
KINDS = ("429 before", "503 before", "503 after", "reset after", "half")
"""The kinds of disturbance; a token has the number of one, so their order is for good."""

_MARK = 4
_GO, _STOP, _KILL, _TERMINATE, _DISTURB, _MORE, _DRIFT = range(7)
_ELAPSE, _BEFALL, _ENDLESS, _ONWARD, _DELIVER, _ORDER, _TOLD = range(7, 14)
_BARE: dict[int, type[Drift | Elapse | Endless | Onward]] = {
    _DRIFT: Drift,
    _ELAPSE: Elapse,
    _ENDLESS: Endless,
    _ONWARD: Onward,
}
_LENGTH = {
    _GO: 3,
    _STOP: 5 + _MARK,
    _KILL: 2,
    _TERMINATE: 2,
    _DISTURB: 6,
    _MORE: 2,
    _BEFALL: 8,
    _DELIVER: 2,
    _TOLD: 1 + _MARK,
    **dict.fromkeys(_BARE, 1),
}


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
class More:
    """An attempt may do one more operation."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Bad:
    """One operation of an attempt, by its place, is answered badly."""

    attempt: int
    index: int
    kind: str


@dataclass(frozen=True, slots=True)
class Queue:
    """The operations of an attempt take effect in the order of the clean run, but for some that wait for a later one.

    :param places: in the clean run, first that of the one that they wait for; empty where none waits
    """

    attempt: int
    places: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What the schedule came to, which is no step of it.

    :param check: of the finding's class and resource, see :func:`mark`
    """

    check: bytes


def queue(attempt: int, order: Sequence[int]) -> Queue:
    """What stands for an order of all places, in which at most one operation came ahead of others."""
    for here, (place, following) in enumerate(itertools.pairwise(order)):
        if place > following:
            rest = order[here + 1 :]
            return Queue(attempt, (place, *rest[: sum(each < place for each in rest)]))
    return Queue(attempt)


def _order(step: Queue, clean: Sequence[Selector]) -> tuple[Selector, ...]:
    first, waiting = (step.places[0], step.places[1:]) if step.places else (-1, ())
    before = [each for each in range(first + 1) if each not in waiting]
    places = [*before, *waiting, *range(first + 1, len(clean))]
    return tuple(clean[each] for each in places if each < len(clean))


Element = (
    Stop | Go | More | Bad | Queue | Kill | Terminate | Drift | Elapse | Befall | Endless | Onward | Deliver | Told
)


@dataclass(frozen=True, slots=True)
class Token:
    """A schedule of one item.

    :param item: mark of ``file::dag.task::scenario``
    :param clean: mark of the operations and the noise of the clean run
    """

    item: bytes
    clean: bytes
    steps: tuple[Element, ...]


def mark(*words: str) -> bytes:
    """Four bytes that stand for some words."""
    return hashlib.blake2b("\0".join(words).encode(), digest_size=_MARK).digest()


def encode(token: Token) -> str:
    """The token in letters, ``k1.`` and what follows."""
    raw = token.item + token.clean + b"".join(_packed(step) for step in token.steps)
    return PREFIX + base64.b32encode(raw).decode().rstrip("=").lower()


def _packed(step: Element) -> bytes:
    if isinstance(step, Stop):
        return bytes((_STOP, step.attempt)) + step.index.to_bytes(3, "big") + step.check
    if isinstance(step, Bad):
        return bytes((_DISTURB, step.attempt, KINDS.index(step.kind))) + step.index.to_bytes(3, "big")
    if isinstance(step, Queue):
        return bytes((_ORDER, step.attempt, len(step.places))) + b"".join(n.to_bytes(2, "big") for n in step.places)
    if isinstance(step, Told):
        return bytes((_TOLD,)) + step.check
    if isinstance(step, Befall):
        return bytes((_BEFALL, FATES.index(step.fate))) + b"".join(
            n.to_bytes(3, "big") for n in (step.at, int(step.delay))
        )
    if isinstance(step, Deliver):
        return bytes((_DELIVER, DELIVERIES.index(step.kind)))
    if isinstance(step, Go):
        return bytes((_GO, step.attempt, step.retries))
    for kind, bare in _BARE.items():
        if isinstance(step, bare):
            return bytes((kind,))
    assert isinstance(step, (Kill, Terminate, More))
    return bytes(({Kill: _KILL, Terminate: _TERMINATE, More: _MORE}[type(step)], step.attempt))


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
    except (binascii.Error, ValueError):  # a letter outside of the alphabet, or outside of ASCII
        raise wrong from None
    if not text.strip().startswith(PREFIX) or len(raw) < 2 * _MARK:
        raise wrong
    steps: list[Element] = []
    rest = raw[2 * _MARK :]
    while rest:
        length = 3 + 2 * rest[2] if rest[0] == _ORDER and len(rest) > 2 else _LENGTH.get(rest[0], 0)
        if not length or len(rest) < length or not _known(rest):
            raise wrong
        steps.append(_unpacked(rest[:length]))
        rest = rest[length:]
    return Token(raw[:_MARK], raw[_MARK : 2 * _MARK], tuple(steps))


def _known(raw: bytes) -> bool:
    """Say whether this version has what a step names by its number."""
    known = {_DISTURB: (2, KINDS), _BEFALL: (1, FATES), _DELIVER: (1, DELIVERIES)}
    if raw[0] not in known:
        return True
    place, names = known[raw[0]]
    return raw[place] < len(names)


def _unpacked(raw: bytes) -> Element:
    kind = raw[0]
    if kind in _BARE:
        return _BARE[kind]()
    if kind == _BEFALL:
        return Befall(FATES[raw[1]], int.from_bytes(raw[2:5], "big"), float(int.from_bytes(raw[5:8], "big")))
    if kind == _DELIVER:
        return Deliver(DELIVERIES[raw[1]])
    if kind == _TOLD:
        return Told(raw[1:])
    attempt = raw[1]
    if kind == _ORDER:
        return Queue(attempt, tuple(int.from_bytes(raw[i : i + 2], "big") for i in range(3, len(raw), 2)))
    if kind == _STOP:
        return Stop(attempt, int.from_bytes(raw[2:5], "big"), raw[5:])
    if kind == _DISTURB:
        return Bad(attempt, int.from_bytes(raw[3:6], "big"), KINDS[raw[2]])
    if kind == _GO:
        return Go(attempt, raw[2])
    if kind == _KILL:
        return Kill(attempt)
    return Terminate(attempt) if kind == _TERMINATE else More(attempt)


def schedule(token: Token, clean: Sequence[Selector] = ()) -> Schedule:
    """The schedule, each stop found by its place alone; whether it was the right operation is checked afterwards.

    :param clean: the operations of the clean run
    """
    steps: list[Step] = []
    done: dict[int, int] = {}
    for step in token.steps:
        if isinstance(step, Stop):
            # an attempt that is let go on counts its operations anew
            place = step.index + 1 - done.get(step.attempt, 0)
            done[step.attempt] = step.index + 1
            steps.append(Run(step.attempt, _nth(place)))
        elif isinstance(step, Bad):
            steps.append(Disturb(step.attempt, _nth(step.index + 1), step.kind))
        elif isinstance(step, Queue):
            steps.append(Order(step.attempt, _order(step, clean)))
        elif isinstance(step, More):
            steps.append(Run(step.attempt, _nth(1), may_end=True))
        elif isinstance(step, Go):
            steps.append(Run(step.attempt, retries=step.retries))
        elif not isinstance(step, Told):
            steps.append(step)
    return tuple(steps)


def _nth(number: int) -> Selector:
    return Selector("", "", ".*", number)
