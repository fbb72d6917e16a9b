"""The client of the Execution API: one is made before the forks, and each fork points its copy at its own port."""

from __future__ import annotations

from typing import Any

from airflow.sdk.api.client import Client

from pytest_dagguard.stage.loopback import Loopback

_NOWHERE = "http://127.0.0.1:1/execution/"
_made: list[Any] = []


def prepare() -> None:
    """Make a client for the forks to come. It has no connection, so that they share nothing but what it is made of."""
    if not _made:
        _made.append(_new(_NOWHERE))


def connect(url: str) -> Any:
    """A client that no other process uses.

    :param url: of the emulator
    """
    client = _made.pop() if _made else _new(_NOWHERE)
    client.base_url = url + "/execution/"
    return client


def _new(url: str) -> Any:
    # Neither proxies nor certificates of the environment: it talks to the loopback. To read the certificates that it
    # will not need takes 20 ms.
    return Client(base_url=url, token="dagguard", trust_env=False, transport=Loopback())
