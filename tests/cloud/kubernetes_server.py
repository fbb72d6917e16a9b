"""A cluster on loopback ports, for tests with real clients: the emulator behind the project's own tap and server.

Its world is a small one. Processes are functions that a test gives by name, and are called at once; the test moves the
clock, or has it go on by itself as soon as somebody asks for something.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pytest_dagguard.cloud.clock import Clock
from pytest_dagguard.cloud.emulator import Blobs, Caller, Request, Response
from pytest_dagguard.cloud.kubernetes import Kubernetes
from pytest_dagguard.cloud.server import serve_http
from pytest_dagguard.cloud.tap import Tap
from pytest_dagguard.model.life import Birth, Death

IMAGES = {"ok*": "succeed", "bad*": "fail", "forever*": "never-ends", "fn*": "tests.fakes:fn", "shell*": "run"}


@dataclass
class SmallWorld:
    """Where the emulator lives in these tests.

    :param images: pattern -> behaviour
    """

    images: dict[str, str] = field(default_factory=lambda: dict(IMAGES))
    clock: Clock = field(default_factory=Clock)
    births: list[Birth] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)

    def begin(self, birth: Birth) -> None:
        self.births.append(birth)

    def kill(self, actor: str) -> None:
        self.killed.append(actor)

    def behaviour(self, kind: str, name: str) -> str:
        return next((does for pattern, does in self.images.items() if fnmatchcase(name, pattern)), "")


@dataclass
class Site:
    """A cluster that is served.

    :param automatic: let this many seconds pass before each request is answered; None: only the test moves the clock
    """

    emulator: Kubernetes
    world: SmallWorld
    tap: Tap
    loop: asyncio.AbstractEventLoop
    url: str = ""
    secure: str = ""
    automatic: float | None = None
    answers: list[tuple[Request, Response]] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """The operations so far."""
        return [f"{each.operation.verb} {each.operation.resource}" for each in self.tap.history]

    def do(self, work: Callable[[], Any]) -> Any:
        """Do something on the cluster's own loop."""

        async def done() -> Any:
            return work()

        return asyncio.run_coroutine_threadsafe(done(), self.loop).result(20)

    def wait(self, seconds: float) -> None:
        """Let virtual time pass."""
        self.do(lambda: self.advance(seconds))

    def advance(self, seconds: float) -> None:
        """As :meth:`wait`, on the loop."""
        until = self.world.clock.now + seconds
        while (alarm := self.world.clock.pop(until)) is not None:
            self.emulator.ring(*alarm.what)

    def end(self, number: int = -1, death: Death | None = None) -> None:
        """Have a process that was begun end."""
        self.do(lambda: self.emulator.ended(self.world.births[number].actor, death or Death(0)))

    def command(self, name: str, **payload: Any) -> None:
        """Give the emulator a command."""
        self.do(lambda: self.emulator.command(name, payload))


@contextlib.contextmanager
def serve(folder: Path, automatic: float | None = None, auto: bool = True) -> Iterator[Site]:
    """Serve a cluster of its own."""
    emulator, world = Kubernetes(Blobs(), auto), SmallWorld()
    emulator.folder_path = str(folder)
    emulator.attach(world)
    loop = asyncio.new_event_loop()
    site = Site(emulator, world, Tap({"kubernetes": emulator}, lambda *_: None), loop, automatic=automatic)
    site.tap.add(Caller("attempt 1", {}), None)
    site.tap.allow("attempt 1", None)

    async def handle(request: Request) -> Response:
        if site.automatic is not None:
            site.advance(site.automatic)
        answer = await site.tap.submit("attempt 1", "kubernetes", request)
        site.answers.append((request, answer))
        return answer

    async def start() -> list[Any]:
        ports = [await serve_http(handle), await serve_http(handle, emulator.tls)]
        site.url, site.secure = ports[0].url, ports[1].url
        return ports

    ports = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        for each in ports:
            loop.call_soon_threadsafe(each.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()


def pod(name: str = "p", image: str = "ok", namespace: str = "default", **spec: Any) -> dict[str, Any]:
    """A pod that ends once."""
    meta: dict[str, Any] = {"name": name, "namespace": namespace, "labels": {"app": name}}
    containers = [{"name": "base", "image": image}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta,
        "spec": {"containers": containers, "restartPolicy": "Never", **spec},
    }


def job(name: str = "j", image: str = "ok", **spec: Any) -> dict[str, Any]:
    """A Job of one pod."""
    template = {"spec": {"containers": [{"name": "base", "image": image}], "restartPolicy": "Never"}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"template": template, **spec}}
