"""The ports of one actor. They take some milliseconds to open, and are opened before it is known whose they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pytest_dagguard.cloud.authority import Authority
from pytest_dagguard.cloud.emulator import Emulator, Request, Response
from pytest_dagguard.cloud.hosts import Hosts, Submit
from pytest_dagguard.cloud.proxy import serve_proxy
from pytest_dagguard.cloud.server import Handler, serve_http
from pytest_dagguard.cloud.sleeping import serve_sleep
from pytest_dagguard.cloud.world import World


class Closing(Protocol):
    """A port, of whichever protocol."""

    def close(self) -> None:
        """Stop listening and drop every connection."""
        ...


@dataclass(slots=True)
class Doors:
    """What leads one actor to the emulators, and nowhere else.

    :param actor: whose they are; empty: nobody's yet, and nobody knows of them
    :param endpoints: emulator name -> URL, and ``egress`` and ``clock``
    :param environment: variables that point the usual clients at them
    """

    actor: str = ""
    ports: list[Closing] = field(default_factory=list)
    endpoints: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def close(self) -> None:
        """Stop listening and drop every connection."""
        for each in self.ports:
            each.close()


async def opened(
    emulators: Mapping[str, Emulator],
    submit: Submit,
    world: World,
    hosts: Hosts,
    authority: Authority | None,
    refuse: Callable[[str], None],
) -> Doors:
    """Open the ports of one actor.

    :param refuse: told each destination that its proxy refuses, ``host:port``
    """
    doors = Doors()
    try:
        for name, emulator in emulators.items():
            await _service(doors, name, emulator, _submitted(doors, name, submit))
        if authority is not None:
            doors.environment.update(authority.environment())
        egress = await serve_proxy(refuse, lambda host: hosts.handler(doors.actor, host), authority)
        doors.ports.append(egress)
        clock = await serve_sleep(world, lambda: doors.actor)
        doors.ports.append(clock)
    except BaseException:
        doors.close()
        raise
    doors.endpoints.update(egress=egress.url, clock=clock.url)
    return doors


def _submitted(doors: Doors, name: str, submit: Submit) -> Handler:
    async def handle(request: Request) -> Response:
        return await submit(doors.actor, name, request)

    return handle


async def _service(doors: Doors, name: str, emulator: Emulator, handler: Handler) -> None:
    # an emulator whose service does not speak HTTP brings a port of its own
    port = await (emulator.serve(handler) if hasattr(emulator, "serve") else serve_http(handler))
    doors.ports.append(port)
    doors.endpoints[name] = port.url
    doors.environment.update(emulator.environment(port.url))
    if hasattr(emulator, "tls"):
        secure = await serve_http(handler, emulator.tls)
        doors.ports.append(secure)
        doors.endpoints[f"{name}-tls"] = secure.url
        doors.environment.update(emulator.secure(secure.url))  # type: ignore[attr-defined]
