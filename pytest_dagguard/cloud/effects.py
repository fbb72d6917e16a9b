"""What an operation does to the state: which entries it may change, what became of them, and a number for a state."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from pytest_dagguard.cloud.emulator import Emulator
from pytest_dagguard.model.operation import Operation
from pytest_dagguard.model.state import Entry

BUCKET_VERBS = frozenset({"CreateBucket", "DeleteBucket", "buckets.insert", "buckets.delete"})
"""Verbs that make or delete a bucket on purpose."""


def touched(emulator: Emulator, operation: Operation) -> Mapping[str, Entry]:
    """The entries that an operation may change.

    A bucket that is made because it was named stands for one that is there in production: it is no change.
    """
    if not operation.writes:
        return {}
    found = emulator.entries(operation.writes)
    if operation.verb in BUCKET_VERBS:
        return found
    return {name: entry for name, entry in found.items() if entry.kind != "bucket"}


def changes(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> tuple[tuple[str, str], ...]:
    """Names of the entries that differ, in order, each with ``created``, ``changed`` or ``deleted``."""
    found = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old != new:
            found.append((name, "created" if old is None else "deleted" if new is None else "changed"))
    return tuple(found)


def mark(entries: Mapping[str, Entry]) -> int:
    """A number for some entries such that marks can be added and taken away in any order by exclusive or."""
    found = 0
    for name, entry in entries.items():
        text = "\0".join((name, entry.kind, entry.digest, entry.version))
        found ^= int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
    return found
