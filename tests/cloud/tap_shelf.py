"""A tap with two actors over a tiny emulator."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection, Coroutine
from typing import Any, TypeVar

from multidict import CIMultiDict

from pytest_dagguard.cloud.emulator import Caller, Request, Response
from pytest_dagguard.cloud.tap import Tap
from pytest_dagguard.model.errors import NotEmulated
from pytest_dagguard.model.operation import Operation, Selector
from pytest_dagguard.model.state import Entry

T = TypeVar("T")


class Shelf:
    """An emulator of keys with content: ``PUT /bucket/key`` and so on; odd paths make it fail."""

    name = "shelf"

    def __init__(self) -> None:
        self.keys: dict[str, bytes] = {}
        self.buckets: set[str] = set()
        self.versions: dict[str, int] = {}
        self.applied: list[str] = []

    def classify(self, request: Request) -> Operation:
        if request.path == "/unknown":
            raise NotEmulated("shelf", "Unknown", "wait for it")
        name = f"shelf:/{request.path}"
        bucket = f"{name.rpartition('/')[0]}/"
        own, nothing = frozenset({name, bucket}), frozenset[str]()
        verb = "CreateBucket" if request.path.endswith("/") and request.method == "PUT" else request.method
        if verb == "GET":
            return Operation("shelf", verb, name, own, nothing)
        return Operation("shelf", verb, name, nothing, own if verb != "TOUCH" else frozenset({f"{bucket}*"}))

    def apply(self, request: Request, caller: Caller) -> Response:
        self.applied.append(f"{caller.actor} {request.method} {request.path}")
        if request.path == "/later":
            raise NotEmulated("shelf", "Later")
        if request.path == "/broken":
            raise RuntimeError("a defect")
        name = f"shelf:/{request.path}"
        if request.path == "/ill":
            self.keys[name] = b"half"
            return Response(500, (), b"I am ill")
        if request.method == "PUT":
            self.buckets.add(f"{name.rpartition('/')[0]}/")
            if not name.endswith("/"):
                self.keys[name] = request.body
                self.versions[name] = self.versions.get(name, 0) + (request.query == "version")
        elif request.method == "DELETE":
            self.keys.pop(name, None)
            self.versions.pop(name, None)
        elif request.method == "TOUCH":
            for key in [each for each in self.keys if each.startswith(name.rpartition("/")[0])]:
                self.keys[key] += b"!"
        return Response(200, (), self.keys.get(name, b""))

    def entries(self, names: Collection[str] | None = None) -> dict[str, Entry]:
        found = {name: Entry("bucket", "", 0) for name in self.buckets}
        for name, content in self.keys.items():
            digest = hashlib.sha256(content).hexdigest()
            found[name] = Entry("object", digest, len(content), str(self.versions.get(name, 0)))
        if names is None:
            return found
        return {
            name: entry
            for name, entry in found.items()
            if any(name == each or (each.endswith("*") and name.startswith(each[:-1])) for each in names)
        }


class World:
    """A tap with two actors."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.stops: list[tuple[str, int]] = []
        self.tap = Tap({"shelf": self.shelf}, lambda actor, index: self.stops.append((actor, index)))  # type: ignore[dict-item]
        for name in ("one", "two"):
            self.tap.add(Caller(name, {}), None)

    def send(self, actor: str, line: str, body: bytes = b"") -> asyncio.Task[Response]:
        """Send a request, ``PUT /b/k``; it waits where the gate is closed."""
        method, _, target = line.partition(" ")
        path, _, query = target.partition("?")
        request = Request(method, "", path, query, CIMultiDict(), body)
        return asyncio.ensure_future(self.tap.submit(actor, "shelf", request))

    @property
    def lines(self) -> list[str]:
        return [f"{each.actor} {each.operation.verb} {each.operation.resource}" for each in self.tap.history]


def world(test: Callable[[World], Coroutine[Any, Any, T]]) -> T:
    """Run a test's coroutine with a world, on a loop of its own."""

    async def body() -> T:
        return await asyncio.wait_for(test(World()), 20)

    return asyncio.run(body())


async def turns(count: int = 5) -> None:
    """Let everything on the loop that can go on do so."""
    for _ in range(count):
        await asyncio.sleep(0)


def selector(line: str, occurrence: int = 1) -> Selector:
    verb, _, path = line.partition(" ")
    return Selector("shelf", verb, f"shelf:/{path}", occurrence)
