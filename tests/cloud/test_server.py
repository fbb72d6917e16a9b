"""The ports: what a client sends arrives as it was sent, and what the tap answers goes back as it is."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import pytest

from pytest_dagguard.cloud.emulator import Request, Response
from pytest_dagguard.cloud.server import Port, WherePort, serve_http
from pytest_dagguard.cloud.whereabouts import Whereabouts
from pytest_dagguard.model.history import Frame

T = TypeVar("T")
Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def run(test: Coroutine[Any, Any, T]) -> T:
    async def body() -> T:
        return await asyncio.wait_for(test, 30)

    return asyncio.run(body())


class Site:
    """A port whose requests are kept, each answered by ``answer``."""

    def __init__(self, answer: Callable[[Request], Awaitable[Response]] | None = None) -> None:
        self.requests: list[Request] = []
        self._answer = answer

    async def handle(self, request: Request) -> Response:
        self.requests.append(request)
        return await self._answer(request) if self._answer else Response(200, (), b"fine")

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Port]:
        port = await serve_http(self.handle)
        try:
            yield port
        finally:
            port.close()


async def connect(port: Port) -> Client:
    return await asyncio.open_connection("127.0.0.1", port.number)


async def read_answer(reader: asyncio.StreamReader, head: bool = False) -> tuple[str, dict[str, str], bytes]:
    """Status line, headers in lower case, and body."""
    raw = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in raw[1:] if line)}
    size = 0 if head else int(headers.get("content-length", 0))
    return raw[0], headers, await reader.readexactly(size)


async def exchange(port: Port, sent: bytes, head: bool = False) -> tuple[str, dict[str, str], bytes]:
    reader, writer = await connect(port)
    writer.write(sent)
    answer = await read_answer(reader, head)
    writer.close()
    return answer


def message(line: str, body: bytes = b"", **headers: str) -> bytes:
    named = {"Host": "somebody", "Content-Length": str(len(body)), **headers}
    lines = [f"{line} HTTP/1.1", *(f"{name.replace('_', '-')}: {value}" for name, value in named.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode() + body


def received(sent: bytes) -> Request:
    """What the tap gets when a client sends this."""

    async def test() -> Request:
        site = Site()
        async with site.open() as port:
            status, _, body = await exchange(port, sent)
        assert status.split()[1] == "200"
        assert body == b"fine"
        (request,) = site.requests
        return request

    return run(test())


def test_a_request_arrives_whole() -> None:
    request = received(message("PUT /bucket/key?uploadId=1&partNumber=2", b"content", X_Amz_Meta="v"))
    assert (request.method, request.host, request.path, request.query) == (
        "PUT",
        "somebody",
        "/bucket/key",
        "uploadId=1&partNumber=2",
    )
    assert request.body == b"content"
    assert request.headers["x-amz-meta"] == "v"


@pytest.mark.parametrize(
    "target", ["/b/a%20b%2Fc%25?prefix=x%2Fy%20z", "/b//double//slash", "/b/../up", "/b/a+b?q=a+b", "/b/%e4%bd%a0", "/"]
)
def test_paths_arrive_as_they_were_sent(target: str) -> None:
    request = received(message(f"GET {target}"))
    path, _, query = target.partition("?")
    assert (request.path, request.query) == (path, query)


def test_a_query_may_hold_a_url() -> None:
    request = received(message("GET /b/k?next=http://example.com/x?y"))
    assert (request.path, request.query) == ("/b/k", "next=http://example.com/x?y")


def test_an_absolute_target_is_what_a_proxied_client_sends() -> None:
    request = received(message("GET http://127.0.0.1:1/b/a%20b?x=1"))
    assert (request.path, request.query) == ("/b/a%20b", "x=1")


def test_a_chunked_body_is_put_together() -> None:
    head = message("PUT /b/k", Transfer_Encoding="chunked").replace(b"Content-Length: 0\r\n", b"")
    request = received(head + b"4\r\nabcd\r\n3;ext=1\r\nefg\r\n0\r\n\r\n")
    assert request.body == b"abcdefg"


def test_a_compressed_body_stays_as_it_is() -> None:
    packed = gzip.compress(b"rows and rows")
    request = received(message("PUT /b/k.gz", packed, Content_Encoding="gzip"))
    assert request.body == packed
    assert request.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("size", [1 << 20, (1 << 20) + 1, 9 << 20])
def test_a_large_body_arrives(size: int) -> None:
    body = bytes(range(251)) * (size // 251 + 1)
    assert received(message("PUT /b/k", body[:size])).body == body[:size]


def test_who_asks_whether_to_go_on_is_told_so_before_its_body() -> None:
    async def test() -> tuple[bytes, bytes]:
        site = Site()
        async with site.open() as port:
            reader, writer = await connect(port)
            head = message("PUT /b/k", b"later", Expect="100-continue")
            writer.write(head[: -len(b"later")])
            said = await reader.readuntil(b"\r\n\r\n")
            assert site.requests == []
            writer.write(b"later")
            status, _, _ = await read_answer(reader)
            assert status.split()[1] == "200"
            writer.close()
        return said, site.requests[0].body

    said, body = run(test())
    assert said == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert body == b"later"


def test_one_connection_serves_one_request_after_the_other() -> None:
    async def test() -> list[str]:
        site = Site()
        async with site.open() as port:
            reader, writer = await connect(port)
            for number in range(3):
                writer.write(message(f"PUT /b/{number}", b"x" * number))
                assert (await read_answer(reader))[2] == b"fine"
            writer.close()
        return [each.path for each in site.requests]

    assert run(test()) == ["/b/0", "/b/1", "/b/2"]


def answered(response: Response, method: str = "GET") -> tuple[str, dict[str, str], bytes]:
    async def answer(request: Request) -> Response:
        return response

    async def test() -> tuple[str, dict[str, str], bytes]:
        async with Site(answer).open() as port:
            return await exchange(port, message(f"{method} /b/k"), head=method == "HEAD")

    return run(test())


def test_head_has_the_length_of_what_it_does_not_send() -> None:
    status, headers, _ = answered(Response(200, (("Content-Length", "123456"), ("ETag", '"x"'))), "HEAD")
    assert status.split()[1] == "200"
    assert (headers["content-length"], headers["etag"]) == ("123456", '"x"')


def test_head_without_a_length_has_that_of_the_body() -> None:
    assert answered(Response(200, (), b"12345"), "HEAD")[1]["content-length"] == "5"


def test_the_length_is_that_of_the_body_whatever_an_emulator_says() -> None:
    _, headers, body = answered(Response(200, (("Content-Length", "99"), ("Transfer-Encoding", "chunked")), b"abc"))
    assert (headers["content-length"], body) == ("3", b"abc")
    assert "transfer-encoding" not in headers


def test_an_empty_answer_ends() -> None:
    status, _, body = answered(Response(204))
    assert status.split()[1] == "204"
    assert body == b""


def test_a_header_may_come_twice() -> None:
    async def answer(request: Request) -> Response:
        return Response(200, (("Vary", "a"), ("Vary", "b")), b"")

    async def test() -> bytes:
        async with Site(answer).open() as port:
            reader, writer = await connect(port)
            writer.write(message("GET /b/k"))
            raw = await reader.readuntil(b"\r\n\r\n")
            writer.close()
            return raw

    assert run(test()).count(b"Vary: ") == 2


def test_a_cancelled_handler_drops_the_connection_without_a_word() -> None:
    async def answer(request: Request) -> Response:
        raise asyncio.CancelledError

    async def test() -> bytes:
        async with Site(answer).open() as port:
            reader, writer = await connect(port)
            writer.write(message("PUT /b/k", b"x"))
            got = await reader.read()
            writer.close()
            return got

    assert run(test()) == b""


def test_an_answer_that_is_lost_drops_the_connection() -> None:
    async def answer(request: Request) -> Response:
        return Response(0)

    async def test() -> bytes:
        async with Site(answer).open() as port:
            reader, writer = await connect(port)
            writer.write(message("PUT /b/k", b"x"))
            try:
                return await reader.read()
            except ConnectionError:
                return b""
            finally:
                writer.close()

    assert run(test()) == b""


def test_a_closed_port_drops_who_waits_and_lets_nobody_in() -> None:
    async def test() -> None:
        came = asyncio.Event()

        async def answer(request: Request) -> Response:
            came.set()
            await asyncio.Event().wait()
            raise AssertionError

        async with Site(answer).open() as port:
            reader, writer = await connect(port)
            writer.write(message("GET /b/k"))
            await came.wait()
            port.close()
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
            with pytest.raises(OSError):
                await connect(port)
            writer.close()

    run(test())


def test_lines_come_over_the_port_as_frames() -> None:
    async def test() -> tuple[Whereabouts, Whereabouts]:
        asker = WherePort()
        port = await asker.open()
        before = await asker.ask()
        reader, writer = await connect(port)
        while asker._link is None:
            await asyncio.sleep(0)
        asking = asyncio.ensure_future(asker.ask())
        assert await reader.readline() == b"?\n"
        writer.write(json.dumps([[["dags/a.py", 3, "load"], ["dags/a.py", 9, "<module>"]], 2, 3]).encode() + b"\n")
        found = await asking
        writer.close()
        asker.close()
        return before, found

    before, found = run(test())
    assert before == Whereabouts()
    assert found == Whereabouts((Frame("dags/a.py", 3, "load"), Frame("dags/a.py", 9, "<module>")), 2, 3)


@pytest.mark.parametrize("said", [b"nonsense\n", b"", b'{"a": 1}\n', b"[[1]]\n"])
def test_an_attempt_that_answers_nonsense_or_hangs_up_is_at_no_line(said: bytes) -> None:
    async def test() -> Whereabouts:
        asker = WherePort()
        reader, writer = await connect(await asker.open())
        while asker._link is None:
            await asyncio.sleep(0)
        asking = asyncio.ensure_future(asker.ask())
        await reader.readline()
        writer.write(said)
        writer.write_eof()
        found = await asking
        assert await asker.ask() == Whereabouts()
        writer.close()
        asker.close()
        return found

    assert run(test()) == Whereabouts()
