"""The cloud process: emulators, tap and ports on one event loop, told what to do over an inherited socket."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import traceback
from pathlib import Path
from typing import Any, cast

from pytest_dagguard.cloud import doors
from pytest_dagguard.cloud.authority import Authority
from pytest_dagguard.cloud.broker import Broker
from pytest_dagguard.cloud.doors import Closing, Doors
from pytest_dagguard.cloud.emulator import Blobs, Caller, Emulator, Living, Request, Response
from pytest_dagguard.cloud.hosts import Hosts
from pytest_dagguard.cloud.server import Port, WherePort
from pytest_dagguard.cloud.tap import Tap
from pytest_dagguard.cloud.telling import serve_lines
from pytest_dagguard.cloud.world import NOBODY, World
from pytest_dagguard.model import registry, wire
from pytest_dagguard.model.history import History
from pytest_dagguard.model.life import Birth, Death
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.seed import Seed
from pytest_dagguard.model.state import Entry


class Cloud:
    """What the director can ask of the cloud process: each public coroutine is a command of that name."""

    def __init__(self, emit: Any, auto_buckets: bool, folder: str = "") -> None:
        """
        :param emit: tells the director an event
        :param folder: for the files that clients are to read, where attempts can read too; empty: temporary ones, and
            no host is answered for, see ``Emulator.hosts``
        """
        self.blobs = Blobs()
        made = registry.collect("pytest_dagguard.cloud", "EMULATOR")
        emulators: list[Emulator] = [each(self.blobs, auto_buckets) for each in made.values()]
        self.emulators = {each.name: each for each in emulators}
        self.tap = Tap(self.emulators, lambda actor, index: emit(("reached", actor, index)))
        self.world = World(emit, self.tap)
        self.world.living = {each.name: cast(Living, each) for each in emulators if hasattr(each, "attach")}
        for living in self.world.living.values():
            living.attach(self.world)
        for each in emulators:
            if hasattr(each, "tell_time"):
                each.tell_time(self.world.time)
            if hasattr(each, "folder_path"):
                each.folder_path = folder
        self.tap.alive = lambda: self.world.alive
        self.emit = emit
        self.egress: list[str] = []
        self._broker: Broker | None = None
        self._ports: dict[str, list[Closing]] = {}
        self._ahead: asyncio.Future[Doors] | None = None
        self._snapshots: dict[int, dict[str, object]] = {}
        self._count = 0
        self._share_connections()
        self._hosts = Hosts(emulators, self._submit, lambda each: self.tap.refusals.append(each))
        self._authority = Authority(Path(folder)) if folder and self._hosts else None
        serving = {each: emulator.name for emulator in emulators for each in getattr(emulator, "serves", ())}
        self._shared = {each.name: each.sorter(serving) for each in emulators if hasattr(each, "sorter")}

    def _share_connections(self) -> None:
        """Whoever hands out Airflow connections points them at the emulators of their type."""
        rewriters = [
            lambda connection, endpoints, each=each: each.connection(connection, endpoints[each.name])
            for each in self.emulators.values()
        ]
        for each in self.emulators.values():
            if hasattr(each, "rewriters"):
                each.rewriters.extend(rewriters)

    async def seed(self, seed: Seed) -> None:
        """Fill the empty emulators with the user's input data."""
        for each in self.emulators.values():
            each.seed(seed)

    async def command(self, service: str, name: str, payload: dict[str, Any]) -> Any:
        """A command of one emulator's own, such as ``queue`` of the Execution API."""
        return self.emulators[service].command(name, payload)  # type: ignore[attr-defined]

    async def open(self, actor: str, where: bool) -> tuple[dict[str, str], dict[str, str]]:
        """Open an actor's ports; its gate is closed.

        :returns: endpoints (emulator name -> URL, ``egress``, ``clock``, ``where`` where asked for, and ``output`` of a
            life), and the environment
            variables that point the usual clients at them
        """
        ahead, self._ahead = self._ahead, None
        made = await (ahead or self._opened())
        made.actor = actor
        ports, endpoints = made.ports, made.endpoints
        self.world.feeds[actor] = [each.feeds for each in ports if isinstance(each, Port)]
        if actor in self.world.lives:
            lines = await serve_lines(self.world, actor)
            ports.append(lines)
            endpoints["output"] = lines.url
        asker = None
        if where:
            link = WherePort()
            endpoints["where"] = (await link.open()).url
            ports.append(link)
            asker = link.ask
        self.tap.add(Caller(actor, dict(endpoints)), asker)
        self._ports[actor] = ports
        return endpoints, made.environment

    async def _opened(self) -> Doors:
        return await doors.opened(
            self.emulators, self._submit, self.world, self._hosts, self._authority, self.egress.append
        )

    async def _submit(self, actor: str, name: str, request: Request) -> Response:
        """Bring a request before its service; some arrive at the port of another."""
        served = self._shared.get(name)
        self.world.acts(actor)
        response = await self.tap.submit(actor, served(request) if served else name, request)
        self.world.acts(actor)
        if (feed := response.feed) is not None:
            feed.idle = lambda: self.world.quiet(feed)
        return response

    async def allow(self, actor: str, until: Selector | None) -> None:
        """Let an actor go on, to its end or until an operation of it has taken effect."""
        self.tap.allow(actor, until)
        self.world.started(actor)
        self.world.step()
        for _ in range(5):  # an answer that was withheld is on its way before who waits for it is woken
            await asyncio.sleep(0)
        if self._ahead is None:  # while it gets going, for who comes after it
            self._ahead = asyncio.ensure_future(self._opened())

    async def order(self, actor: str, order: tuple[Selector, ...]) -> None:
        """Have some operations of an actor take effect in an order, see :meth:`Tap.order`."""
        self.tap.order(actor, order)

    async def loosen(self, actor: str) -> bool:
        """Wait no longer for operations that do not come, see :meth:`Tap.loosen`."""
        return self.tap.loosen(actor)

    async def disturb(self, actor: str, at: Selector, kind: str) -> None:
        """Have one operation of an actor answered badly, see :meth:`Tap.disturb`."""
        self.tap.disturb(actor, at, kind)

    async def remove(self, actor: str) -> None:
        """Nothing this actor sent or sends takes effect any more; its ports are closed."""
        self.tap.remove(actor)
        self.world.leave(actor)
        for port in self._ports.pop(actor, []):
            port.close()

    async def behaviours(self, given: dict[str, dict[str, str]]) -> None:
        """What images and jobs do: kind -> pattern -> behaviour."""
        self.world.behaviours = given

    async def unsaid(self, kind: str) -> list[str]:
        """Names of images or jobs that were asked for since this was asked last, and of which nothing is said."""
        return sorted(self.world.unsaid.pop(kind, ()))

    async def broker_open(self) -> str:
        """Start a Redis for Celery, beside the tap; returns its URL."""
        self._broker = Broker()
        return self._broker.url

    async def broker_lose(self, queue: str) -> int:
        """Have it lose what waits in a queue; returns how many messages."""
        assert self._broker is not None
        return self._broker.lose(queue)

    async def broker_standing(self) -> tuple[int, int]:
        """Messages that workers have not acknowledged, and tasks that Celery's result backend says have failed."""
        assert self._broker is not None
        return self._broker.standing()

    async def broker_close(self) -> None:
        """Stop it."""
        if self._broker is not None:
            self._broker.close()
        self._broker = None

    async def now(self) -> float:
        """Virtual seconds since the experiment began."""
        return self.world.clock.now

    async def ahead(self, seconds: float) -> None:
        """Put the services' clocks as far ahead of the machine's as those of the attempt that is to begin."""
        self.world.ahead = seconds

    async def lapse(self, seconds: float) -> None:
        """Let time pass for what expires, such as a key of Redis, and for nothing that lives.

        How long a job takes is mostly not known, so that a retry may find it at work whatever the delay; when a key
        expires, the task itself has said.
        """
        for each in self.emulators.values():
            if hasattr(each, "lapse"):
                self.tap.shift(*each.lapse(seconds))

    async def settle(self) -> None:
        """Let happen what is over before anybody clears a task, which takes minutes."""
        for each in self.emulators.values():
            if hasattr(each, "settle"):
                self.tap.shift(*each.settle())

    async def alive(self) -> int:
        """How many things are still to happen by themselves."""
        return self.world.alive

    async def step(self) -> None:
        """Let happen what comes next, where somebody whom all waited for is gone."""
        self.world.step()

    async def elapse(self, seconds: float, idle: bool) -> None:
        """Let time pass while no attempt runs; ``("woke", "", now)`` follows.

        :param idle: for no longer than something is left to happen by itself
        """
        sleeper = self.world.sleep(NOBODY, seconds, -1.0, idle)
        sleeper.answer.add_done_callback(lambda done: done.cancelled() or self.emit(("woke", NOBODY, done.result())))

    async def endless(self) -> None:
        """From here to the next restore no pod and no job that is started ends by itself."""
        self.world.endless = {}

    async def unending(self) -> list[str]:
        """Names of what was started since then."""
        return list(self.world.endless or ())

    async def running(self) -> dict[str, float]:
        """Pods and jobs that are under way -> virtual time at which their service ends them, infinite for never."""
        found: dict[str, float] = {}
        for each in self.emulators.values():
            if hasattr(each, "running"):
                found.update(each.running())
        return found

    async def ended(self, actor: str, death: Death) -> None:
        """A life that the director has started has ended."""
        await self.remove(actor)
        self.world.ended(actor, death)

    async def adopt(self, birth: Birth) -> None:
        """Take in a process that belongs to a life, see :meth:`World.adopt`."""
        self.world.adopt(birth)

    async def began(self, actor: str) -> None:
        """A life that has no process of its own may go on."""
        self.world.started(actor)
        self.world.step()

    async def snapshot(self) -> int:
        """Keep the state of all emulators; the number brings it back."""
        self._count += 1
        kept: dict[str, object] = {name: each.snapshot() for name, each in self.emulators.items()}
        self._snapshots[self._count] = {**kept, "world": self.world.snapshot()}
        return self._count

    async def restore(self, number: int) -> None:
        """Bring back a state; actors, history and what was refused are forgotten."""
        for actor in list(self._ports):
            await self.remove(actor)
        self.tap.reset()
        self.egress.clear()
        for name, kept in self._snapshots[number].items():
            (self.world if name == "world" else self.emulators[name]).restore(kept)

    async def forget(self, number: int) -> None:
        """Let go of a kept state."""
        self._snapshots.pop(number, None)

    async def state(self) -> dict[str, Entry]:
        """The state of all emulators."""
        found: dict[str, Entry] = {}
        for each in self.emulators.values():
            found.update(each.entries())
        return found

    async def history(self) -> History:
        """The operations since the last restore."""
        return tuple(self.tap.history)

    async def refusals(self) -> tuple[list[tuple[str, str, str, str, bool]], list[str]]:
        """Requests no emulator could answer (actor, service, what, unlock, defect), and destinations refused."""
        found = [(each.actor, each.service, each.what, each.unlock, each.defect) for each in self.tap.refusals]
        return found, list(self.egress)

    async def seen(self, actor: str) -> tuple[int, float]:
        """How many operations of an actor have taken effect, and a number that grows with all that happens."""
        known = self.tap.actors.get(actor)
        return (known.seen if known is not None else 0), len(self.tap.history) + self.world.clock.now

    async def stuck(self, actor: str) -> bool:
        """Say whether an actor waits for what cannot come any more."""
        return self.world.stuck(actor)

    async def doze(self, actor: str, seconds: float, limit: float) -> None:
        """Let an actor that has no process wait for a while; ``("woke", actor, now)`` follows.

        :param limit: seconds after which it is woken at the latest; negative: there is no such
        """
        sleeper = self.world.sleep(actor, seconds, limit)
        sleeper.answer.add_done_callback(lambda done: done.cancelled() or self.emit(("woke", actor, done.result())))

    async def content(self, digest: str) -> bytes:
        """Content by its SHA-256."""
        return self.blobs.contents[digest]

    async def put(self, service: str, bucket: str, key: str, body: Any) -> None:
        """Store one object (of Redis: one key of the database ``bucket``) from outside, as seeding does."""
        parts: dict[str, Any] = {service: {bucket: {key: body}}}
        self.emulators[service].seed(Seed(**parts))


async def main(descriptor: int, auto_buckets: bool, folder: str, enclosed: bool) -> None:
    """Serve commands until the director hangs up."""
    loop = asyncio.get_running_loop()
    link = socket.socket(fileno=descriptor)
    reader, writer = await asyncio.open_connection(sock=link)

    def emit(message: tuple[Any, ...]) -> None:
        writer.write(wire.encode(message))

    cloud = Cloud(emit, auto_buckets, folder)
    emit(("ready", os.getpid(), enclosed))
    decoder = wire.Decoder()
    # a broken pipe to the director means that it is gone, and so are we
    loop.set_exception_handler(lambda _loop, context: _complain(context))
    while piece := await reader.read(1 << 20):
        for number, name, arguments in decoder.feed(piece):
            try:
                emit(("returned", number, await getattr(cloud, name)(*arguments)))
            except Exception as error:  # noqa: BLE001 - told to the director, who knows what it asked for
                emit(("raised", number, f"{type(error).__name__}: {error}", traceback.format_exc()))
        await writer.drain()


def _complain(context: dict[str, Any]) -> None:
    error = context.get("exception")
    if not isinstance(error, (ConnectionError, asyncio.CancelledError)):
        print(context.get("message"), error, file=sys.stderr)  # noqa: T201 - the cloud's own log
