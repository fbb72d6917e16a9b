"""The proxy: known hosts are answered under TLS whatever client asks, all others are refused and named."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from pytest_dagguard.cloud.authority import Authority
from pytest_dagguard.cloud.emulator import Request, Response
from pytest_dagguard.cloud.proxy import ProxyPort, serve_proxy
from pytest_dagguard.cloud.server import Handler

T = TypeVar("T")
HOST = "dataflow.googleapis.com"
CLIENTS = {
    "httplib2": "import httplib2; print(httplib2.Http().request('{url}', 'POST', body='sent')[1].decode())",
    "requests": "import requests; print(requests.post('{url}', data='sent').text)",
    "urllib": "import urllib.request; print(urllib.request.urlopen('{url}', b'sent').read().decode())",
    "httpx": "import httpx; print(httpx.post('{url}', content=b'sent').text)",
    "aiohttp": """
import aiohttp, asyncio
async def ask():
    async with aiohttp.ClientSession(trust_env=True) as session, session.post('{url}', data=b'sent') as answer:
        print(await answer.text())
asyncio.run(ask())
""",
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority") / "made")


class Doors:
    """A proxy that knows one host, and all that came of it."""

    def __init__(self, authority: Authority | None) -> None:
        self.authority = authority
        self.refused: list[str] = []
        self.requests: list[Request] = []

    async def _answer(self, request: Request) -> Response:
        self.requests.append(request)
        return Response(200, (), b"you sent " + request.body)

    def _answers(self, host: str) -> Handler | None:
        return self._answer if host == HOST else None

    def run(self, ask: Callable[[ProxyPort], Coroutine[Any, Any, T]]) -> T:
        async def body() -> T:
            port = await serve_proxy(self.refused.append, self._answers, self.authority)
            try:
                return await asyncio.wait_for(ask(port), 30)
            finally:
                port.close()

        return asyncio.run(body())


def program(code: str, authority: Authority) -> Callable[[ProxyPort], Coroutine[Any, Any, str]]:
    async def ask(port: ProxyPort) -> str:
        environment = {"HTTPS_PROXY": port.url, "https_proxy": port.url, **authority.environment()}

        def started() -> str:
            done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
            return done.stdout.strip() or done.stderr.strip()

        return await asyncio.to_thread(started)

    return ask


@pytest.mark.parametrize("client", CLIENTS)
def test_a_host_that_is_known_is_answered_whatever_client_asks(client: str, authority: Authority) -> None:
    doors = Doors(authority)
    code = CLIENTS[client].format(url=f"https://{HOST}/v1b3/x?a=1")
    assert doors.run(program(code, authority)) == "you sent sent"
    (request,) = doors.requests
    assert (request.method, request.host, request.path, request.query) == ("POST", HOST, "/v1b3/x", "a=1")
    assert doors.refused == []


@pytest.mark.parametrize("host", ["bigquery.googleapis.com:443", f"{HOST}:8443"])
def test_another_host_and_another_port_are_refused_and_named(host: str, authority: Authority) -> None:
    doors = Doors(authority)
    assert "403" in doors.run(program(CLIENTS["urllib"].format(url=f"https://{host}/"), authority))
    assert doors.requests == []
    assert doors.refused == [host]


def test_without_an_authority_nobody_is_answered(authority: Authority) -> None:
    doors = Doors(None)
    assert "403" in doors.run(program(CLIENTS["urllib"].format(url=f"https://{HOST}/"), authority))
    assert doors.refused == [f"{HOST}:443"]


def test_a_client_that_does_not_trust_us_is_let_go(authority: Authority) -> None:
    doors = Doors(authority)

    async def ask(port: ProxyPort) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
        writer.write(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 Connection established\r\n\r\n"
        writer.write(b"no TLS at all" * 100)
        rest = await reader.read()
        writer.close()
        return rest

    doors.run(ask)
    assert doors.requests == []


def test_what_is_open_is_cut_when_the_port_is_closed(authority: Authority) -> None:
    async def ask(port: ProxyPort) -> bytes:
        context = ssl.create_default_context(cafile=str(authority.file))
        reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
        writer.write(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        plain = await asyncio.get_running_loop().start_tls(
            writer.transport, writer.transport.get_protocol(), context, server_hostname=HOST
        )
        assert plain is not None
        port.close()
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""

    assert Doors(authority).run(ask) == b""


def test_the_key_of_the_authority_is_in_no_file(authority: Authority) -> None:
    assert [each.name for each in authority.file.parent.iterdir()] == ["authority.pem"]
    assert "PRIVATE" not in Path(authority.file).read_text()


def proxied(sent: bytes) -> tuple[list[str], bytes]:
    """Where somebody wanted to go, and what it was told."""
    doors = Doors(None)

    async def ask(port: ProxyPort) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
        writer.write(sent)
        writer.write_eof()
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()

    return doors.refused, doors.run(ask)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n", "api.example.com:443"),
        (b"GET http://example.com/path?q=1 HTTP/1.1\r\n\r\n", "example.com"),
        (b"POST http://example.com:8080/ HTTP/1.1\r\n\r\n", "example.com:8080"),
    ],
)
def test_the_way_out_is_refused_and_named(sent: bytes, expected: str) -> None:
    targets, said = proxied(sent)
    assert targets == [expected]
    assert said.startswith(b"HTTP/1.1 403 ")
    assert f"connection to {expected} refused".encode() in said


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"nonsense\r\n", b"\xff\xfe\x00\r\n", b"x" * 100_000])
def test_nonsense_at_the_way_out_names_nobody_and_breaks_nothing(sent: bytes) -> None:
    assert proxied(sent)[0] == []
