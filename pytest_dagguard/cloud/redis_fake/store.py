"""What is in the emulated Redis: fakeredis' databases, with a record of which keys changed and states to go back to."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from fakeredis._core import Database, FakeServer, Item

from pytest_dagguard.cloud.emulator import Blobs
from pytest_dagguard.cloud.redis_content import canonical, type_of
from pytest_dagguard.cloud.redis_footprint import key, text
from pytest_dagguard.model.state import Entry

RELEASE = "7.0.15"
"""The Redis that is emulated."""

_KEYS, _TTL = "redis://", "redis-ttl://"
Name = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Kept:
    """A key as it was: for going back to, and for the state.

    :param value: bytes of a string, else the value pickled
    :param expireat: seconds since 1970, None where it does not expire
    """

    text: bool
    value: bytes
    expireat: float | None
    entry: Entry

    def item(self) -> Any:
        """A value of its own for fakeredis."""
        made = Item(self.value if self.text else pickle.loads(self.value))
        made.expireat = self.expireat
        return made


@dataclass(frozen=True, slots=True)
class Picture:
    """A state of the service. Scripts that were loaded belong to it, as a retry may count on them."""

    keys: dict[Name, Kept]
    scripts: dict[bytes, bytes]


class _Recording(Database):  # type: ignore[misc]
    """A database that tells which of its keys may have changed. fakeredis says so itself, for the sake of WATCH."""

    def __init__(self, number: int, store: Store) -> None:
        super().__init__(store.server.lock)
        self.number, self.store = number, store

    def notify_watch(self, key: bytes) -> None:
        self.store.dirty.add((self.number, key))
        if not self.store.rehearsing:
            for each in self._watches.get(key, ()):
                each.notify_watch()

    def __setitem__(self, key: bytes, value: Any) -> None:
        self.store.dirty.add((self.number, key))
        super().__setitem__(key, value)

    def __delitem__(self, key: bytes) -> None:
        self.store.dirty.add((self.number, key))
        super().__delitem__(key)

    def swap(self, other: Database) -> None:
        super().swap(other)
        for each in (self, other):
            each.store.dirty.update((each.number, key) for key in (*self._dict, *other._dict))


class _Databases(dict[int, Any]):
    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store

    def __missing__(self, number: int) -> _Recording:
        made = self[number] = _Recording(number, self._store)
        return made


class Store:
    """The server's databases. After each command :meth:`settle` is to be called."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self.server = FakeServer(version=(7, 0))
        self.server.dbs = _Databases(self)
        self.dirty: set[Name] = set()
        self.rehearsing = False
        self._keys: dict[Name, Kept] = {}

    def touch(self, names: Collection[str]) -> None:
        """Take these resources for changed: fakeredis does not tell of each change inside of a stream."""
        for name in names:
            number, _, rest = name[len(_KEYS) :].partition("/")
            if name.startswith(_KEYS) and not name.endswith("*") and number.isdecimal():
                self.dirty.add((int(number), key(rest)))

    def settle(self) -> None:
        """Take note of what changed."""
        for name in self.dirty:
            number, at = name
            database = self.server.dbs[number]
            item = database._dict.get(at)
            if item is None:
                self._keys.pop(name, None)
                continue
            kept = self._keys[name] = self._kept(item)
            if type(item) is not Item:
                # COPY and its like put the very value that the source has under the new name
                database._dict[at] = kept.item()
        self.dirty.clear()

    def _kept(self, item: Any) -> Kept:
        value = item.value
        is_text = isinstance(value, bytes)
        content = canonical(value)
        deadline = "" if item.expireat is None else f" until {item.expireat:.3f}"
        entry = Entry("key", self._blobs.put(content), len(content), type_of(value) + deadline)
        return Kept(is_text, value if is_text else pickle.dumps(value, 5), item.expireat, entry)

    def pass_to(self, now: float) -> None:
        """Let time pass; keys whose time is over are gone."""
        gone = [name for name, each in self._keys.items() if each.expireat is not None and each.expireat < now]
        for number, at in gone:
            self.server.dbs[number]._dict.pop(at, None)
            del self._keys[number, at]
        for each in self.server.dbs.values():
            each.time = now

    def undo(self) -> None:
        """Bring back what has changed since the last :meth:`settle`."""
        for name in self.dirty:
            number, at = name
            kept = self._keys.get(name)
            if kept is None:
                self.server.dbs[number]._dict.pop(at, None)
            else:
                self._install(name, kept)
        self.dirty.clear()

    def _install(self, name: Name, kept: Kept) -> None:
        database = self.server.dbs[name[0]]
        database._dict[name[1]] = kept.item()
        database.schedule_expiry(name[1], kept.expireat)

    def picture(self) -> Picture:
        """The present state; independent of later changes."""
        return Picture(dict(self._keys), dict(self.server.script_cache))

    def show(self, picture: Picture) -> None:
        """Bring back a state. Only keys that differ are touched."""
        for name in self._keys.keys() - picture.keys.keys():
            self.server.dbs[name[0]]._dict.pop(name[1], None)
        for name, kept in picture.keys.items():
            if self._keys.get(name) is not kept:
                self._install(name, kept)
        self._keys = dict(picture.keys)
        self.dirty.clear()
        self.server.script_cache = dict(picture.scripts)
        self.server.scan_cursors.clear()
        for each in (self.server.subscribers, self.server.psubscribers, self.server.ssubscribers):
            each.clear()

    def entries(self, names: Collection[str] | None) -> dict[str, Entry]:
        """Keys, and for each that expires an entry that says no more than that."""
        found: dict[str, Entry] = {}
        for name in [_KEYS + "*"] if names is None else names:
            for number, at in self._fitting(name):
                kept = self._keys[number, at]
                place = f"{number}/{text(at)}"
                found[_KEYS + place] = kept.entry
                if kept.expireat is not None:
                    found[_TTL + place] = Entry("expiry", self._blobs.put(b"expires"), 7)
        return found

    def _fitting(self, name: str) -> Iterator[Name]:
        if not name.startswith(_KEYS):
            return
        if name.endswith("*"):
            start = name[len(_KEYS) : -1]
            yield from [each for each in self._keys if f"{each[0]}/{text(each[1])}".startswith(start)]
            return
        number, _, rest = name[len(_KEYS) :].partition("/")
        if number.isdecimal() and (int(number), key(rest)) in self._keys:
            yield int(number), key(rest)
