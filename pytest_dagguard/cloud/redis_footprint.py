"""Which keys a Redis command reads and which it writes.

Where the keys of a command are, and what it does with them, comes from ``redis_commands.json``: the key specifications
(https://redis.io/docs/latest/develop/reference/key-specs/) that Redis itself answers to ``COMMAND``.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_from_bytes, unquote_to_bytes

_GLOB = frozenset(b"*?[\\")

# They overwrite a key without a look at what is in it, but whether they do depends on its being there.
_LOOKS_FIRST = frozenset({"copy", "restore"})
_SET_LOOKS = frozenset({b"NX", b"XX", b"GET", b"KEEPTTL"})
_WHOLE_DATABASE = frozenset({"dbsize", "randomkey"})
_CHANNELS = frozenset({"subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe"})


@dataclass(slots=True)
class Footprint:
    """What a command, or several that take effect together, reads and writes.

    :param first: the resource that it is about
    """

    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    first: str = ""

    def add(self, other: Footprint) -> None:
        """Take in what another one has."""
        self.reads |= other.reads
        self.writes |= other.writes
        self.first = self.first or other.first


@functools.lru_cache(maxsize=1)
def table() -> dict[str, dict[str, Any]]:
    """The commands of Redis by name in lower case, subcommands as ``xgroup create``: flags and key specifications."""
    found: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("redis_commands.json").read_text())
    return found


def text(key: bytes) -> str:
    """A key as it stands in a resource's name; bytes that are no text, the percent sign and the star are escaped."""
    try:
        readable = key.decode("utf-8")
    except UnicodeDecodeError:
        return quote_from_bytes(key, safe="/:-_.{}")
    return readable.replace("%", "%25").replace("*", "%2A")


def key(name: str) -> bytes:
    """The key that :func:`text` gave this name."""
    return unquote_to_bytes(quote(name, safe="%"))


def resource(db: int, name: bytes) -> str:
    """``redis://0/key``."""
    return f"redis://{db}/{text(name)}"


def footprint(name: str, arguments: Sequence[bytes], db: int) -> Footprint:
    """What a command reads and writes.

    :param name: in lower case; ``xgroup create`` for a subcommand
    :param arguments: those after the name
    :param db: number of the database that the connection is in
    """
    special = _SPECIAL.get(name)
    if special is not None:
        return special(name, arguments, db)
    found = Footprint()
    words = [*(each.encode() for each in name.split()), *arguments]
    command = table().get(name, {"flags": [], "keys": []})
    specs = command["keys"]
    # XREADGROUP moves its group on, but the key specification calls that reading
    hidden = "write" in command["flags"] and all(each["flags"][0] == "RO" for each in specs)
    for spec in specs:
        for position in _positions(spec, words):
            _use(found, name, spec["flags"], hidden, resource(db, words[position]), arguments)
    if name == "set":
        found.reads = found.reads if _SET_LOOKS & {each.upper() for each in arguments[2:]} else set()
    found.first = found.first or (f"redis://{db}/" if "keys" in command else "redis://")
    return found


def _use(
    found: Footprint, name: str, flags: Sequence[str], hidden: bool, target: str, arguments: Sequence[bytes]
) -> None:
    kind = flags[0]
    writes = hidden or kind != "RO"
    if kind != "OW" or "insert" in flags or name in _LOOKS_FIRST:
        found.reads.add(target)
    if writes:
        found.writes.add(target)
    found.first = found.first or target


def _positions(spec: dict[str, Any], words: Sequence[bytes]) -> Iterator[int]:
    """Where in the command the keys of a specification are."""
    begin = _begin(spec["begin"], words)
    if begin is None or begin >= len(words):
        return
    kind, *numbers = spec["find"]
    if kind == "range":
        last, step, limit = numbers
        if last >= 0:
            end = begin + last
        elif limit > 1:  # of what is left, so many parts are not keys: STREAMS key key id id
            end = begin + (len(words) - begin) // limit - 1
        else:
            end = len(words) + last
        yield from range(begin, min(end, len(words) - 1) + 1, step)
    elif kind == "keynum":
        index, first, step = numbers
        try:
            count = int(words[begin + index])
        except (ValueError, IndexError):
            return
        yield from (each for each in range(begin + first, begin + first + count * step, step) if each < len(words))


def _begin(begin: list[Any], words: Sequence[bytes]) -> int | None:
    kind, *where = begin
    if kind == "index":
        return int(where[0])
    if kind == "keyword":
        word, start = where[0].encode().upper(), int(where[1])
        places = range(start, len(words)) if start >= 0 else range(len(words) + start, 0, -1)
        return next((each + 1 for each in places if words[each].upper() == word), None)
    return None


def _pattern(db: int, pattern: bytes) -> str:
    """The resources that a glob pattern can stand for."""
    literal = next((i for i, each in enumerate(pattern) if each in _GLOB), len(pattern))
    return resource(db, pattern) if literal == len(pattern) else f"{resource(db, pattern[:literal])}*"


def _keys(name: str, arguments: Sequence[bytes], db: int) -> Footprint:
    pattern = arguments[0] if name == "keys" and arguments else b"*"
    if name == "scan":
        words = [each.upper() for each in arguments]
        if b"MATCH" in words[:-1]:
            pattern = arguments[words.index(b"MATCH") + 1]
    return Footprint({_pattern(db, pattern)}, set(), _pattern(db, pattern))


def _all(name: str, arguments: Sequence[bytes], db: int) -> Footprint:
    return Footprint({f"redis://{db}/*"}, set(), f"redis://{db}/*")


def _flush(name: str, arguments: Sequence[bytes], db: int) -> Footprint:
    what = "redis://*" if name == "flushall" else f"redis://{db}/*"
    return Footprint(set(), {what}, what)


def _swap(name: str, arguments: Sequence[bytes], db: int) -> Footprint:
    both = {f"redis://{each.decode('latin-1')}/*" for each in arguments}
    return Footprint(set(both), both, min(both, default="redis://"))


def _move(name: str, arguments: Sequence[bytes], db: int) -> Footprint:
    """MOVE key db, and COPY source destination [DB db]."""
    source = arguments[0] if arguments else b""
    if name == "move":
        there = _number(arguments[1:2], db)
        both = {resource(db, source), resource(there, source)}
        return Footprint(set(both), both, resource(db, source))
    words = [each.upper() for each in arguments]
    there = _number(arguments[words.index(b"DB") + 1 :], db) if b"DB" in words[2:] else db
    target = resource(there, arguments[1] if len(arguments) > 1 else b"")
    return Footprint({resource(db, source), target}, {target}, target)


def _number(arguments: Sequence[bytes], otherwise: int) -> int:
    try:
        return int(arguments[0])
    except (IndexError, ValueError):
        return otherwise


def _sort(name: str, arguments: Sequence[bytes], db: int) -> Footprint:
    words = [each.upper() for each in arguments]
    found = Footprint({resource(db, each) for each in arguments[:1]})
    if any(each in (b"BY", b"GET") for each in words):
        found.reads.add(f"redis://{db}/*")  # the keys' names are made of what is sorted
    if b"STORE" in words[:-1]:
        found.first = resource(db, arguments[words.index(b"STORE") + 1])
        found.writes.add(found.first)
    found.first = found.first or min(found.reads, default=f"redis://{db}/")
    return found


def _channel(name: str, arguments: Sequence[bytes], db: int) -> Footprint:
    named: Iterable[bytes] = arguments[:1] if name in ("publish", "spublish") else arguments
    channels = {f"redis-channel://{text(each)}" for each in named} or {"redis-channel://*"}
    if name in ("psubscribe", "punsubscribe"):
        channels = {"redis-channel://*"}
    return Footprint(set(channels), channels, min(channels))


def _script(name: str, arguments: Sequence[bytes], db: int) -> Footprint:
    if name == "script exists":
        known = {f"redis-script://{each.decode('latin-1').lower()}" for each in arguments}
        return Footprint(known, set(), min(known, default=""))
    return Footprint(set(), {"redis-script://*"}, "redis-script://")


_SPECIAL = {
    **dict.fromkeys(("keys", "scan"), _keys),
    **dict.fromkeys(_WHOLE_DATABASE, _all),
    **dict.fromkeys(("flushdb", "flushall"), _flush),
    **dict.fromkeys(("move", "copy"), _move),
    **dict.fromkeys(("sort", "sort_ro"), _sort),
    **dict.fromkeys((*_CHANNELS, "publish", "spublish"), _channel),
    **dict.fromkeys(("script load", "script exists", "script flush"), _script),
    "swapdb": _swap,
}
