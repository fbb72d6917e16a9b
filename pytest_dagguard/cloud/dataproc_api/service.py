"""What all parts of Dataproc share: what there is, the time, and the lives of what is at work."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timezone
from typing import Any

from pytest_dagguard.cloud.calls.errors import missing
from pytest_dagguard.cloud.dataproc_api.records import (
    CANCELLED,
    CANCELLING,
    ENDED,
    FAILED,
    RUNNING,
    SUCCEEDED,
    Cluster,
    Key,
    Lro,
    Work,
    Workflow,
    as_written,
)
from pytest_dagguard.cloud.dataproc_api.request import Call
from pytest_dagguard.cloud.emulator import World
from pytest_dagguard.model import life
from pytest_dagguard.model.life import Birth

DURATION = 600.0
"""Virtual seconds that a job takes of which nothing is said: longer than a retry is in coming."""

STOPPING = 60.0
"""Virtual seconds from a cancellation to its end."""

NAME = "dataproc"

_NAMES = {"jobs": "Job", "batches": "Batch"}


@dataclass(slots=True)
class Store:
    """All that there is.

    :param gone: clusters that were deleted
    :param requests: the client's id of a request, with its verb and place -> what it made
    :param lives: actor -> the work that it does
    :param lapsed: virtual seconds that have passed for clusters beside those of the world
    """

    works: dict[Key, Work] = field(default_factory=dict)
    clusters: dict[Key, Cluster] = field(default_factory=dict)
    gone: dict[Key, None] = field(default_factory=dict)
    operations: dict[str, Lro] = field(default_factory=dict)
    workflows: dict[str, Workflow] = field(default_factory=dict)
    templates: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    requests: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    lives: dict[str, Key] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    lapsed: float = 0.0

    def copy(self) -> Store:
        """Another, which later changes leave as it is; what is in it is frozen."""
        return Store(*(copy(getattr(self, each.name)) for each in fields(self)))


class Service:
    """The store, with what happens to it by itself."""

    def __init__(self, world: World, now: Callable[[], float]) -> None:
        """
        :param now: seconds since 1970, as the cloud's clock has it
        """
        self.world, self._now = world, now
        self.store = Store()
        self.followers: list[Callable[[Work], None]] = []
        """Told each work that has ended."""

    def stamp(self) -> str:
        """The time, as clients are told it."""
        return datetime.fromtimestamp(self._now(), timezone.utc).isoformat().replace("+00:00", "Z")

    def operate(self, call: Call, about: str, metadata: Mapping[str, Any]) -> Lro:
        """Begin a long running operation."""
        lro = Lro(f"{call.place}/operations/{uuid.uuid4()}", metadata, about)
        self.store.operations[lro.name] = lro
        return lro

    def conclude(self, name: str, response: Mapping[str, Any], error: str = "", code: int = 0) -> None:
        """End a long running operation; one that has ended stays as it is.

        :param code: number of a gRPC status
        """
        lro = self.store.operations.get(name)
        if lro is not None and not lro.done:
            told = {"code": code, "message": error} if code else {}
            self.store.operations[name] = replace(lro, done=True, response=response, error=told)

    def begin(self, work: Work) -> None:
        """A job or a batch begins to work, as the configuration says of it."""
        world, name = self.world, work.name
        self.store.works[work.key] = work
        said = world.behaviour("jobs", f"{NAME}:{name}") or life.SUCCEED
        if work.limit < float("inf"):
            world.clock.set(work.limit, NAME, "work", work.key, RUNNING, CANCELLED)
        if said in (life.SUCCEED, life.FAIL):
            state = SUCCEEDED if said == life.SUCCEED else FAILED
            world.clock.set(DURATION, NAME, "work", work.key, RUNNING, state)
        elif said != life.NEVER_ENDS:
            self.store.counts[name] = count = self.store.counts.get(name, 0) + 1
            actor = f"job {NAME}:{name}#{count}"
            self.store.lives[actor] = work.key
            facts = {"id": work.id, "name": name, "arguments": as_written(dict(work.spec))}
            world.begin(Birth(actor, NAME, "job", said, facts))

    def work(self, kind: str, call: Call) -> Work:
        """The job or the batch that a request names.

        :raises Refusal: there is none
        """
        found = self.store.works.get((kind, call.project, call.region, call.id))
        if found is None or found.hidden:
            raise missing(f"Not found: {_NAMES[kind]} {call.place}/{kind}/{call.id}")
        return found

    def cancel(self, key: Key) -> None:
        """Stop a work: it does nothing more, and has ended after a while."""
        if self.store.works[key].state == RUNNING:
            self._turn(key, CANCELLING)
            self._end_life(key)
            self.world.clock.set(STOPPING, NAME, "work", key, CANCELLING, CANCELLED)

    def finish(self, key: Key, before: str, state: str) -> None:
        """A work ends, unless it is not in the state any more in which it was to."""
        work = self.store.works.get(key)
        if work is None or work.state != before:
            return
        self._turn(key, state)
        self._end_life(key)
        for each in self.followers:
            each(self.store.works[key])

    def live(self, kind: str = "") -> list[Work]:
        """Jobs and batches that have not ended."""
        return [each for each in self.store.works.values() if each.state not in ENDED and kind in ("", each.key[0])]

    def _turn(self, key: Key, state: str) -> None:
        work = self.store.works[key]
        self.store.works[key] = replace(work, states=(*work.states, (state, self.stamp())))

    def _end_life(self, key: Key) -> None:
        for actor in [each for each, found in self.store.lives.items() if found == key]:
            del self.store.lives[actor]
            self.world.kill(actor)
