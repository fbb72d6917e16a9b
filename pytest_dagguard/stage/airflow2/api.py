"""The few routes of the Execution API in whose words this engine tells the cloud what Airflow 2 does."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx
from airflow.utils import timezone
from airflow.utils.net import get_hostname
from airflow.utils.platform import getuser

from pytest_dagguard.stage.loopback import Loopback

NO_BODY = object()


class Declined(Exception):
    """Airflow's API refused, with the status."""

    def __init__(self, status: int, text: str) -> None:
        """
        :param status: of HTTP
        :param text: the answer's body
        """
        super().__init__(f"{status}: {text}")
        self.status = status


class Unmapped(RuntimeError):
    """The task asked Airflow's metadata database for something that is not served here."""


class Api:
    """The cloud's Execution API, as one process has it."""

    def __init__(self, url: str) -> None:
        """
        :param url: of the emulator
        """
        self._url = httpx.URL(url + "/execution/")
        # its transport alone: a client would write each request into the task's log
        self._way, self._pid = Loopback(), os.getpid()

    def ask(self, method: str, path: str, body: Any = NO_BODY, **query: Any) -> Any:
        """Make a request and return the value of its answer.

        :param body: a value for JSON
        :raises Declined: the answer is an error
        """
        more = {} if body is NO_BODY else {"json": body}
        request = httpx.Request(method, self._url.join(path), params=_query(query), **more)
        if self._pid != os.getpid():  # a program of the task's that it has forked: not over the same socket
            self._way, self._pid = Loopback(), os.getpid()
        response = self._way.handle_request(request)
        response.read()
        if response.status_code >= 400:
            raise Declined(response.status_code, response.text)
        return response.json() if response.content else None

    def find(self, path: str, **query: Any) -> Any:
        """As :meth:`ask` with GET; None where there is nothing of that name."""
        try:
            return self.ask("GET", path, **query)
        except Declined as declined:
            if declined.status != 404:
                raise
            return None

    def start(self, ti_id: str) -> Any:
        """Say that a try begins; returns what Airflow 3 tells a worker then.

        :raises Declined: it may not
        """
        body = {
            "state": "running",
            "hostname": get_hostname(),
            "unixname": getuser(),
            "pid": os.getpid(),
            "start_date": written(timezone.utcnow()),
        }
        return self.ask("PATCH", f"task-instances/{ti_id}/run", body)

    def unmapped(self, what: str) -> Unmapped:
        """Tell the cloud that the task asked for something that is not served; returns the error to raise.

        :param what: in a few words
        """
        with suppress(Declined):
            self.ask("GET", f"metadata-database/{quote(what, safe='')}")
        return Unmapped(f"pytest-dagguard does not serve this of Airflow 2's metadata database: {what}")


def _query(given: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in given.items()}


def written(moment: datetime | None) -> str | None:
    """A moment as it goes over the wire."""
    return None if moment is None else moment.isoformat()


def part(text: str) -> str:
    """A text as a part of a path."""
    return quote(text, safe="")
