"""Hosts that emulators answer for, where a client takes no endpoint."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Iterable
from fnmatch import fnmatchcase

from pytest_dagguard.cloud.calls.transcoding import transcoded
from pytest_dagguard.cloud.emulator import Emulator, Request, Response
from pytest_dagguard.cloud.server import Handler
from pytest_dagguard.cloud.tap import Refusal

Submit = Callable[[str, str, Request], Awaitable[Response]]
"""Brings a request of an actor (its name) before a service (its emulator's name)."""


class Hosts:
    """Who answers for which host."""

    def __init__(self, emulators: Iterable[Emulator], submit: Submit, refused: Callable[[Refusal], None]) -> None:
        """
        :param refused: told a call that no emulator gets to see
        """
        self._submit, self._refused = submit, refused
        self._patterns = {host: each for each in emulators for host in getattr(each, "hosts", ())}

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def handler(self, actor: str, host: str) -> Handler | None:
        """Who answers an actor's requests to a host; None where it is nobody's here."""
        emulator = next((each for pattern, each in self._patterns.items() if fnmatchcase(host, pattern)), None)
        if emulator is None:
            return None
        submit = functools.partial(self._submit, actor, emulator.name)
        if not hasattr(emulator, "grpc"):
            return submit

        def missing(call: str, library: str) -> None:
            self._refused(Refusal(actor, emulator.name, f"{call} over gRPC", f"{library} is to be installed"))

        return transcoded(submit, emulator.grpc, missing)
