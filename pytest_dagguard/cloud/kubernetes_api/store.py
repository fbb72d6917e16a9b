"""Everything that the API server keeps, its revisions, and who is told of changes."""

from __future__ import annotations

import bisect
import copy
import secrets
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta, timezone
from typing import Any

from pytest_dagguard.cloud.clock import Alarm, Clock
from pytest_dagguard.cloud.kubernetes_api.kinds import Object, Place

ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"
KEPT = 4000
"""Changes that are remembered for who watches from an earlier revision; of more, the older half is forgotten."""
LOG_SIZE = 10 << 20
"""Bytes of a log after which its older half goes, as by the default ``containerLogMaxSize`` of the kubelet."""
_APART = 1e-6
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True, slots=True)
class Change:
    """One revision.

    :param before: the object as it was, None where it was not there
    """

    revision: int
    type: str
    place: Place
    object: Object
    before: Object | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a container's log.

    :param time: seconds since the epoch
    :param end: bytes of the log up to here, those that are not kept any more among them
    """

    time: float
    text: str
    end: int


@dataclass(frozen=True, slots=True)
class Life:
    """What goes on in a container.

    :param place: of its pod
    :param actor: of the process that was begun for it; empty where there is none
    :param alarm: when its end or its next start comes by itself
    """

    place: Place
    actor: str = ""
    alarm: Alarm | None = None


@dataclass(slots=True)
class Kept:
    """What of the API server belongs to the state of the cloud.

    :param lives: (uid of the pod, container) -> what goes on there
    :param logs: (uid of the pod, container) -> its log
    :param births: how many processes of a name were begun, so that the next one's name is its own
    :param overlaps: task instance -> how many live pods it had at once, where that was more than one
    :param counted: uid of a pod -> uid of the job that has counted its end
    :param drawn: uid of a pod -> what is to happen to it alone
    """

    objects: dict[Place, Object] = field(default_factory=dict)
    revision: int = 1
    floor: int = 0
    changes: list[Change] = field(default_factory=list)
    lives: dict[tuple[str, str], Life] = field(default_factory=dict)
    logs: dict[tuple[str, str], tuple[Line, ...]] = field(default_factory=dict)
    xcoms: dict[str, str] = field(default_factory=dict)
    births: dict[str, int] = field(default_factory=dict)
    overlaps: dict[tuple[str, ...], int] = field(default_factory=dict)
    counted: dict[str, str] = field(default_factory=dict)
    alarms: dict[str, Alarm] = field(default_factory=dict)
    drawn: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Store(Kept):
    """The objects, which are never changed in place: a new value takes the place of an old one.

    :param listeners: told of each change
    """

    clock: Clock
    now: Callable[[], datetime]
    listeners: list[Callable[[Change], None]] = field(default_factory=list)

    def get(self, place: Place) -> Object | None:
        """An object, not to be changed."""
        return self.objects.get(place)

    def among(self, key: str, namespace: str = "") -> Iterator[tuple[Place, Object]]:
        """The objects of a kind, in one namespace or in all, in the order of their names."""
        for place in sorted(each for each in self.objects if each[0] == key and namespace in ("", each[1])):
            yield place, self.objects[place]

    def put(self, place: Place, value: Object) -> Object:
        """Keep an object as a new revision, and return it as it is kept.

        Nothing happens where it is what is kept already.
        """
        before = self.objects.get(place)
        if before is not None and _same(before, value):
            return before
        self.revision += 1
        kept = {**value, "metadata": {**value["metadata"], "resourceVersion": str(self.revision)}}
        self.objects[place] = kept
        self._tell(Change(self.revision, ADDED if before is None else MODIFIED, place, kept, before))
        return kept

    def remove(self, place: Place) -> Object:
        """Delete an object and return its last revision."""
        before = self.objects.pop(place)
        self.revision += 1
        last = {**before, "metadata": {**before["metadata"], "resourceVersion": str(self.revision)}}
        self._tell(Change(self.revision, DELETED, place, last, before))
        return last

    def _tell(self, change: Change) -> None:
        self.changes.append(change)
        if len(self.changes) > KEPT:
            self.compact(self.changes[len(self.changes) // 2].revision)
        for each in list(self.listeners):
            each(change)

    def compact(self, floor: int) -> None:
        """Forget the changes up to a revision: who wants to watch from there is told that it is gone."""
        self.floor = max(self.floor, floor)
        self.changes = [each for each in self.changes if each.revision > self.floor]

    def write(self, key: tuple[str, str], lines: Sequence[str], now: float) -> None:
        """Add lines to a container's log.

        :param now: seconds since the epoch; of two lines the later one has a later time in any case
        """
        log = self.logs.get(key, ())
        end, time = (log[-1].end, max(now, log[-1].time + _APART)) if log else (0, now)
        added = []
        for each in lines:
            end += len(each.encode("utf-8", "replace")) + 1
            added.append(Line(time, each, end))
            time += _APART
        if added:
            log = (*log, *added)
            if end - log[0].end > LOG_SIZE:
                log = log[bisect.bisect(log, end - LOG_SIZE // 2, key=lambda line: line.end) :]
            self.logs[key] = log

    def stamp(self) -> str:
        """The time now, as objects have it."""
        return stamp(self.now())

    def birth(self) -> str:
        """The time at which an object is created: a later second than that of every pod there is.

        Who looks for the newest of some pods must find it. An attempt and its retry are minutes apart in a cluster, and
        here it may be milliseconds.
        """
        last = max((pod["metadata"].get("creationTimestamp") or "" for _, pod in self.among("pods")), default="")
        now = self.now()
        while stamp(now) <= last:
            now += timedelta(seconds=1)
        return stamp(now)

    def snapshot(self) -> Kept:
        """A value for :meth:`restore`; what it refers to is never changed in place."""
        return self._copied(self)

    def restore(self, kept: Kept) -> None:
        """Bring back what was; nobody is told."""
        fresh = self._copied(kept)
        for each in fields(Kept):
            setattr(self, each.name, getattr(fresh, each.name))
        # a cluster counts for all that goes on in it: no two runs of a task meet the same revisions
        self.revision += secrets.randbelow(9000) + 1

    @staticmethod
    def _copied(kept: Kept) -> Kept:
        return Kept(**{each.name: copy.copy(getattr(kept, each.name)) for each in fields(Kept)})


def _same(a: Object, b: Object) -> bool:
    """Whether nothing but the revision differs."""
    if a is b:
        return True
    strip = "resourceVersion"
    left = {name: value for name, value in a["metadata"].items() if name != strip}
    right = {name: value for name, value in b["metadata"].items() if name != strip}
    return left == right and {**a, "metadata": None} == {**b, "metadata": None}


def stamp(when: datetime) -> str:
    """A time as objects have it, to the second."""
    return when.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def fine_stamp(seconds: float) -> str:
    """A time as logs and leases have it, to the microsecond."""
    return (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def new_uid() -> str:
    """A uid that nothing else has: also between two clean runs, as what is random must be seen to be."""
    return str(uuid.uuid4())


def suffix(length: int = 5) -> str:
    """What ``generateName`` adds."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
