"""The way to the Execution API: the same requests, answers and errors as by httpx's own."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest

from pytest_dagguard.stage.loopback import Loopback

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Two: a\r\nX-Two: b\r\n\r\nok"


def outcome(url: str, transport: Any, method: str = "PATCH") -> Any:
    with httpx.Client(base_url=url, transport=transport, trust_env=False, timeout=0.5) as client:
        try:
            found = client.request(
                method, "/execution/x?a=b%20c", content=b'{"k": 1}', headers={"X-Mine": "ü".encode()}
            )
        except httpx.HTTPError as error:
            return type(error)
        return found.status_code, found.headers.multi_items(), found.content


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("PATCH", OK),
        ("PUT", b"HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n"),
        ("GET", b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"),
        ("GET", None),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
        ("GET", b"nonsense\r\n\r\n"),
    ],
)
def test_it_does_as_httpx_does(server: Any, method: str, answer: bytes | None) -> None:
    found = []
    for transport in (httpx.HTTPTransport(), Loopback()):
        url, asked = server(answer)
        result = outcome(url, transport, method)
        sent = b"".join(asked).partition(b"\r\n\r\n")
        lines = {line for line in sent[0].split(b"\r\n") if not line.lower().startswith(b"host:")}
        found.append((lines, sent[2], result))
    assert found[0] == found[1]


def test_nobody_there_is_told_as_httpx_tells_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert outcome(f"http://127.0.0.1:{port}", Loopback()) is httpx.ConnectError


def test_one_link_serves_many_requests_and_a_new_one_is_made_when_the_other_end_has_hung_up(server: Any) -> None:
    url, asked = server(OK, OK.replace(b"X-Two: a", b"Connection: close"), OK)
    with httpx.Client(base_url=url, transport=Loopback(), trust_env=False) as client:
        for _ in range(2):
            assert client.get("/").text == "ok"
        client._transport.close()
        assert client.get("/").text == "ok"
    assert len(asked) == 3
