"""A stage in the process that asks for it: attempts of a hand-written test are forked from the test's own process.

So a ``mocker.patch`` made before is in force inside the attempt, and an operator object is used as it is.
"""

from __future__ import annotations

import os
import select
from collections import deque
from collections.abc import Mapping
from typing import Any

from pytest_dagguard.isolation import processes
from pytest_dagguard.stage import proxies, virtual, warm
from pytest_dagguard.stage.machine import Place
from pytest_dagguard.stage.process import Stage


class LocalStage:
    """Looks to the director like the link to a stage process."""

    def __init__(self, place: Place, environment: Mapping[str, str]) -> None:
        """
        :param environment: Airflow's settings; they count where Airflow has not been imported yet
        """
        for name, value in environment.items():
            os.environ.setdefault(name, value)
        processes.become_subreaper()
        virtual.install()
        proxies.remember()
        self.events: deque[tuple[Any, ...]] = deque()
        self._stage = Stage(self.events.append, place, lambda: None)
        self.events.append(("ready", os.getpid(), warm.airflow()))

    def fileno(self) -> int:
        """For ``select``: readable when a child has something to say."""
        return self._stage.selector.fileno()  # type: ignore[attr-defined,no-any-return,unused-ignore]

    def take(self) -> None:
        """Take in what the children have written."""
        for key, _ in self._stage.selector.select(0):
            self._stage.take(key.data)

    def call(self, name: str, *arguments: Any) -> Any:
        """Give a command."""
        if name == "configure":
            arguments = (arguments[0], {})  # the environment of the test's own process is its user's
        return getattr(self._stage, name)(*arguments)

    def expect(self, kind: str, timeout: float) -> tuple[Any, ...]:
        """Wait for the next event, whatever its kind; it is looked for anew after ``timeout`` seconds."""
        while not self.events:
            select.select([self], [], [], timeout)
            self.take()
        return self.events.popleft()

    def give(self, key: str, operator: Any) -> None:
        """Have attempts whose file is ``key`` run an operator object."""
        self._stage.objects[key] = operator

    def tail(self) -> str:
        """There is no log of its own."""
        return ""

    def close(self) -> None:
        """End what still runs."""
        for name in list(self._stage.running):
            self._stage.kill(name)
            self._stage.ended(name)
