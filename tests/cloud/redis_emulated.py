"""The emulated Redis, asked without a socket."""

from __future__ import annotations

import io
from typing import Any

from pytest_dagguard.cloud.emulator import Blobs, Caller, Request
from pytest_dagguard.cloud.redis import Redis
from pytest_dagguard.cloud.redis_wire import packed
from redis_reference import Line


class Emulated:
    """A connection to the emulator, without the wire; replies as :class:`Line` reads them."""

    def __init__(self, emulator: Redis | None = None) -> None:
        self.emulator = emulator or Redis(Blobs(), True)
        self.session = self.emulator.connect()

    def __call__(self, *words: Any) -> Any:
        fields = [each if isinstance(each, bytes) else str(each).encode() for each in words]
        reply = self.session.at_once(fields)
        if reply is None:
            request = Request(words[0], str(self.session.number), "", "", {}, packed(fields))  # type: ignore[arg-type]
            self.operation = self.emulator.classify(request)
            before = self.emulator.entries()
            reply = self.emulator.apply(request, Caller("a", {})).body
            self.changed = changed(before, self.emulator.entries())
            assert all(covered(each, self.operation.writes) for each in self.changed), self.operation
        return Reading(reply).read()

    def settled(self) -> None:
        """Nothing has changed that the emulator took no note of."""
        store = self.emulator._store
        assert not store.dirty
        there = {(n, at): item for n, each in store.server.dbs.items() for at, item in each._dict.items()}
        assert there.keys() == store._keys.keys()
        for name, item in there.items():
            assert store._kept(item).entry == store._keys[name].entry, name


def changed(before: Any, after: Any) -> set[str]:
    """Keys that differ, with or without their time to live."""
    names = before.keys() | after.keys()
    found = {name for name in names if before.get(name) != after.get(name)}
    return {name.replace("redis-ttl://", "redis://") for name in found}


def covered(name: str, writes: frozenset[str]) -> bool:
    return any(name == each or (each.endswith("*") and name.startswith(each[:-1])) for each in writes)


class Reading(Line):
    """Reads a reply that is there in full."""

    def __init__(self, data: bytes) -> None:
        self.file = io.BytesIO(data)  # type: ignore[assignment]
