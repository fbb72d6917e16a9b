"""A cluster on loopback ports, for tests with real clients: the emulator behind the project's own tap and server.

Its world is a small one. Processes are functions that a test gives by name, and are called at once; the test moves the
clock, or has it go on by itself as soon as somebody asks for something.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.rest import ApiException

from pytest_dagguard.cloud.clock import Clock
from pytest_dagguard.cloud.emulator import Blobs, Caller, Request, Response
from pytest_dagguard.cloud.kubernetes import Kubernetes
from pytest_dagguard.cloud.server import serve_http
from pytest_dagguard.cloud.tap import Tap
from pytest_dagguard.model.life import Birth, Death

SIDECAR = "airflow-xcom-sidecar"
IMAGES = {"ok*": "succeed", "bad*": "fail", "forever*": "never-ends", "fn*": "tests.fakes:fn", "shell*": "run"}


@dataclass
class SmallWorld:
    """Where the emulator lives in these tests.

    :param images: pattern -> behaviour
    :param ends: called with each birth; may see to its end
    """

    images: dict[str, str] = field(default_factory=lambda: dict(IMAGES))
    clock: Clock = field(default_factory=Clock)
    births: list[Birth] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)
    ends: Callable[[Birth], None] = lambda birth: None

    def begin(self, birth: Birth) -> None:
        self.births.append(birth)
        self.ends(birth)

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

    def say(self, *lines: str, number: int = -1) -> None:
        """Have a process that was begun print lines."""
        self.do(lambda: self.emulator.told(self.world.births[number].actor, lines))

    def end_soon(self, death: Death, seconds: float = 0.05) -> None:
        """From now on, have each process end after a while of real time."""

        def ends(birth: Birth) -> None:
            self.loop.call_later(seconds, self.emulator.ended, birth.actor, death)

        self.world.ends = ends

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


def with_sidecar(image: str = "fn") -> dict[str, Any]:
    """A pod as Airflow's operator makes it to have its XCom."""
    body = pod(image=image)
    body["spec"]["containers"].append({"name": SIDECAR, "image": "alpine:3", "command": ["sh", "-c", "sleep"]})
    return body


def phase(core: client.CoreV1Api, name: str = "p") -> str:
    return str(core.read_namespaced_pod(name, "default").status.phase)


def codes(core: client.CoreV1Api) -> dict[str, int | None]:
    statuses = core.read_namespaced_pod("p", "default").status.container_statuses
    return {each.name: each.state.terminated and each.state.terminated.exit_code for each in statuses}


def log(core: client.CoreV1Api, **options: Any) -> str:
    answer = core.read_namespaced_pod_log("p", "default", _preload_content=False, **options)
    return str(answer.data.decode())


def refused(call: Any, *arguments: Any, **named: Any) -> tuple[int, str]:
    with pytest.raises(ApiException) as caught:
        call(*arguments, **named)
    body = caught.value.body
    return caught.value.status, json.loads(body)["message"] if body else str(caught.value)
