"""The client of the Execution API: it asks, and hears, what Airflow's own does by httpx's way."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import httpx
import pytest
from airflow.sdk.api.client import Client

from older import AIRFLOW
from pytest_dagguard.stage.compat import client as compat
from pytest_dagguard.stage.loopback import Loopback

ME = uuid.UUID(int=3)
NOW = datetime(2024, 1, 1, tzinfo=timezone.utc)
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
OURS = ("authorization", "airflow-api-version", "content-length", "user-agent")
if AIRFLOW >= (3, 1):  # before, Airflow's own does not say what it sends
    OURS += ("content-type",)


def answer(status: str, body: Any, more: str = "") -> bytes:
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n{more}\r\n"
    return head.encode() + content


FOUND = answer("200 OK", {"key": "k", "value": "v"})
REQUESTS: dict[str, tuple[Callable[[Any], Any], bytes]] = {
    "content": (lambda it: it.task_instances.heartbeat(ME, 1), EMPTY),
    "json": (lambda it: it.task_instances.set_rtif(ME, {"a": "ü{{ ds }}", "n": None}), EMPTY),
    "params": (lambda it: it.xcoms.get("d", "r", "t", "k", 3), answer("200 OK", {"key": "k", "value": [1]})),
    "path": (lambda it: it.variables.get("a name/with ü?"), FOUND),
    "plain": (lambda it: it.variables.get("name"), FOUND),
    "not found": (lambda it: it.variables.get("name"), answer("404 Not Found", {"detail": {"reason": "not_found"}})),
    "conflict": (
        lambda it: it.task_instances.start(ME, 1, NOW),
        answer("409 Conflict", {"detail": {"reason": "invalid_state", "previous_state": "success"}}),
    ),
    "unprocessable": (
        lambda it: it.task_instances.succeed(ME, NOW, [], [], None),
        answer("422 Unprocessable Entity", {"detail": [{"loc": ["body"], "msg": "no", "type": "missing"}]}),
    ),
    "moved": (lambda it: it.variables.get("name"), b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"),
    "head": (lambda it: it.client_head("xcoms/d/r/t/k"), b"HTTP/1.1 200 OK\r\nContent-Range: map_indexes 4\r\n\r\n"),
    "delete": (lambda it: it.variables.delete("name"), EMPTY),
    "headers": (lambda it: it.get("variables/name", headers={"X-Mine": "a"}).json(), FOUND),
}


def outcome(it: Any, ask: Callable[[Any], Any]) -> Any:
    it.client_head = lambda path: dict(it.head(path).headers)
    try:
        return repr(ask(it))
    except httpx.HTTPError as error:
        response = getattr(error, "response", None)
        notes = [each for each in getattr(error, "__notes__", ()) if "orrelation" not in each]
        asked = None if response is None else (response.request.method, response.request.url.path)
        return type(error), str(error).replace(str(it.base_url), ""), getattr(error, "detail", None), asked, notes


def sent(asked: list[bytes]) -> list[tuple[str, dict[str, str], bytes]]:
    found = []
    for each in asked:
        head, _, body = each.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        found.append((first, {name: headers.get(name, "") for name in (*OURS, "x-mine")}, body))
    return found


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat, "_made", [])


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize("name", REQUESTS)
def test_it_asks_and_hears_what_airflows_own_client_does(server: Any, name: str) -> None:
    ask, said = REQUESTS[name]
    found = []
    for straight in (False, True):
        url, asked = server(said)
        if straight:
            it = compat.connect(url)
        else:
            transport = httpx.HTTPTransport()
            it = Client(base_url=url + "/execution/", token="dagguard", trust_env=False, transport=transport)
        result = outcome(it, ask)
        text = str(result).replace(url, "")
        found.append((text, sent(asked)))
    assert found[0] == found[1]
    assert len(found[1][1]) == 1


@pytest.mark.usefixtures("made")
def test_what_failed_over_there_is_told_and_not_asked_again(server: Any) -> None:
    url, asked = server(b"HTTP/1.1 500 Oh\r\nContent-Length: 3\r\n\r\nno!")
    with pytest.raises(httpx.HTTPStatusError, match="500 Internal Server Error"):
        compat.connect(url).variables.get("name")
    assert len(asked) == 1


@pytest.mark.usefixtures("made")
def test_who_is_not_there_or_hangs_up_is_told_as_by_httpx(server: Any) -> None:
    url, _ = server(None)
    with pytest.raises(httpx.TransportError):
        compat.connect(url).variables.get("name")
    with pytest.raises(httpx.ConnectError):
        compat.connect("http://127.0.0.1:1").variables.get("name")


@pytest.mark.usefixtures("made")
def test_one_is_made_before_a_fork_and_the_next_uses_the_link_it_is_lent(server: Any) -> None:
    url, asked = server(EMPTY)
    compat.prepare()
    compat.prepare()
    first = compat.connect(url)
    assert compat._made == []
    first.task_instances.heartbeat(ME, 1)
    assert len(asked) == 1

    class Deaf(Loopback):
        def ask(self, *_: Any) -> Any:
            return 204, [], b""

    compat.prepare()
    compat.lend(Deaf())
    compat.connect("http://127.0.0.1:1").task_instances.heartbeat(ME, 1)
    assert [type(each.link) for each in compat._made] == [Loopback]
