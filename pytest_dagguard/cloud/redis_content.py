"""The canonical content of a Redis value: what two states are compared by, and what a test by hand reads back."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

_BINARY = "base64:"


def readable(value: bytes) -> str:
    """Bytes as text; those that are none in base64 with a mark before it."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return _BINARY + base64.b64encode(value).decode("ascii")


def type_of(value: Any) -> str:
    """The value's type, as Redis's TYPE command names it."""
    if isinstance(value, bytes):
        return "string"
    if isinstance(value, list):
        return "list"
    return str(value.model_type().decode())


def canonical(value: Any) -> bytes:
    """A value as bytes that are equal for equal values, whatever the order in which a set or hash was filled.

    A string is its bytes. A list and a set are a JSON list (a set's sorted), a hash and a sorted set a JSON object with
    sorted names, a stream a JSON list of its entries, and the state of its groups where it has any.
    """
    if isinstance(value, bytes):
        return value
    plain = _PLAIN[type_of(value)](value)
    return json.dumps(plain, ensure_ascii=False, sort_keys=True).encode()


def _hash(value: Any) -> dict[str, str]:
    return {readable(name): readable(each) for name, each in value.items()}


def _zset(value: Any) -> dict[str, Any]:
    return {readable(member): _number(score) for member, score in value.items()}


def _number(score: Any) -> Any:
    if isinstance(score, str) or score in (float("inf"), float("-inf")):  # a text is the place of a GEO member
        return str(score)  # JSON has no infinity
    return int(score) if float(score).is_integer() else float(score)


def _stream(value: Any) -> Any:
    entries = []
    for each in value._ids:
        name, fields = value.format_record(each)
        pairs = [readable(word) for word in fields]
        entries.append({"id": readable(name), "fields": dict(zip(pairs[::2], pairs[1::2], strict=True))})
    groups = {readable(name): _group(group) for name, group in value._groups.items()}
    return {"entries": entries, "groups": groups} if groups else entries


def _group(group: Any) -> dict[str, Any]:
    """A group's progress. Whose turn an entry is and since when is left out: names of consumers vary by run."""
    pending = {readable(each.encode()): entry.times_delivered for each, entry in group.pel.items()}
    return {"delivered": readable(group.last_delivered_key.encode()), "pending": pending}


_PLAIN: Mapping[str, Any] = {
    "list": lambda value: [readable(each) for each in value],
    "set": lambda value: sorted(readable(each) for each in value),
    "hash": _hash,
    "zset": _zset,
    "stream": _stream,
}


def plain(kind: str, content: bytes) -> Any:
    """A value as Python has it, from its canonical content.

    :param kind: as :func:`type_of` gives it
    :returns: bytes of a string; list, set or dict (a sorted set's scores by member) of the others
    """
    if kind == "string":
        return content
    found = json.loads(content)
    return set(found) if kind == "set" else found
