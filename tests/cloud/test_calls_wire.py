"""gRPC through the proxy, spoken by Google's own client library: blocking, on an event loop, whatever comes of a call."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pytest_dagguard.cloud.authority import Authority
from pytest_dagguard.cloud.calls.status import is_call
from pytest_dagguard.cloud.calls.wire import GrpcConnection
from pytest_dagguard.cloud.emulator import Request, Response
from pytest_dagguard.cloud.proxy import serve_proxy

HOST = "europe-west1-dataproc.googleapis.com"
HEAD = f"""
import asyncio, grpc
target, trust = "{HOST}:443", grpc.ssl_channel_credentials()

def told(error):
    print(error.code().name, error.details())
"""
BLOCKING = """
channel = grpc.secure_channel(target, trust)

def call(name, message, **more):
    try:
        print(len(channel.unary_unary(f"/a.Service/{name}")(message, timeout=20, **more)))
    except grpc.RpcError as error:
        told(error)
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


class Server:
    """Answers calls, each as its name says, while a client runs."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.requests: list[Request] = []
        self._meeting: list[asyncio.Event] = []

    async def answer(self, request: Request) -> Response:
        self.requests.append(request)
        kind = request.path.rpartition("/")[2]
        if kind == "Refuse":
            return Response(409, (("grpc-status", "6"), ("grpc-message", "it is there: 100 % — twice")))
        if kind == "Drop":
            raise asyncio.CancelledError
        if kind == "Meet":
            await self._meet()
        if kind.startswith("Http"):
            return Response(int(kind[4:]), (), b"no\nmore")
        return Response(200, (), request.body * (100 if kind == "Hundred" else 1))

    async def _meet(self) -> None:
        """Wait until there are two."""
        self._meeting.append(asyncio.Event())
        if len(self._meeting) == 2:
            for each in self._meeting:
                each.set()
        await self._meeting[0].wait()

    def run(self, code: str) -> list[str]:
        """What a program prints."""

        async def body() -> str:
            refused: list[str] = []
            port = await serve_proxy(refused.append, lambda host: self.answer, self.authority)
            environment = {"https_proxy": port.url, **self.authority.environment()}
            command = [sys.executable, "-c", HEAD + textwrap.dedent(code)]

            def started() -> str:
                done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
                return done.stdout or done.stderr

            try:
                return await asyncio.to_thread(started)
            finally:
                port.close()

        return asyncio.run(body()).splitlines()


@pytest.fixture
def server(authority: Authority) -> Server:
    return Server(authority)


def test_a_call_is_a_request_and_its_message_the_body(server: Server) -> None:
    said = server.run(BLOCKING + 'call("Same", b"message", metadata=[("x-goog-request-params", "region=r")])')
    assert said == ["7"]
    (request,) = server.requests
    assert (request.method, request.host, request.path) == ("POST", f"{HOST}:443", "/a.Service/Same")
    assert (request.body, request.headers["x-goog-request-params"]) == (b"message", "region=r")
    assert is_call(request)


def test_messages_larger_than_a_window_go_through_both_ways(server: Server) -> None:
    more = (
        'options = [("grpc.max_receive_message_length", -1)]\nchannel = grpc.secure_channel(target, trust, options)\n'
    )
    said = server.run(
        BLOCKING + more + 'call("Same", b"x" * 300_000)\ncall("Hundred", b"x" * 100_000)\ncall("Same", b"")'
    )
    assert said == ["300000", "10000000", "0"]


def test_errors_keep_their_code_and_text_and_the_connection_goes_on(server: Server) -> None:
    calls = 'for each in ("Refuse", "Http501", "Http503", "Http429", "Http418", "Same"):\n    call(each, b"x")'
    assert server.run(BLOCKING + calls) == [
        "ALREADY_EXISTS it is there: 100 % — twice",
        "UNIMPLEMENTED no",
        "more",
        "UNAVAILABLE no",
        "more",
        "RESOURCE_EXHAUSTED no",
        "more",
        "UNKNOWN no",
        "more",
        "1",
    ]


def test_a_call_whose_caller_is_dead_or_whose_reply_is_lost_is_cut_off(server: Server) -> None:
    said = server.run(BLOCKING + 'for each in ("Drop", "Http0", "Same"):\n    call(each, b"x")')
    assert [each.split()[0] for each in said] == ["UNAVAILABLE", "UNAVAILABLE", "1"]
    assert [each.path.rpartition("/")[2] for each in server.requests] == ["Drop", "Http0", "Same"]


def test_a_message_that_is_compressed_is_refused(server: Server) -> None:
    more = "channel = grpc.secure_channel(target, trust, compression=grpc.Compression.Gzip)\n"
    assert server.run(BLOCKING + more + 'call("Same", b"x" * 5000)') == [
        "UNIMPLEMENTED compressed messages are not answered"
    ]
    assert server.requests == []


def test_calls_on_an_event_loop_are_under_way_at_the_same_time(server: Server) -> None:
    code = """
        async def main():
            async with grpc.aio.secure_channel(target, trust) as channel:
                meet = channel.unary_unary("/a.Service/Meet")
                print(*await asyncio.gather(meet(b"a"), meet(b"b")))
        asyncio.run(main())
    """
    assert server.run(code) == ["b'a' b'b'"]


def test_a_client_that_gives_up_leaves_its_request_to_take_effect(server: Server) -> None:
    code = """
        try:
            channel.unary_unary("/a.Service/Meet")(b"a", timeout=0.5)
        except grpc.RpcError as error:
            print(error.code().name)
        call("Same", b"x")
    """
    assert server.run(BLOCKING + textwrap.dedent(code)) == ["DEADLINE_EXCEEDED", "1"]
    assert [each.body for each in server.requests] == [b"a", b"x"]


def test_who_imports_googles_clients_can_be_forked_and_the_child_may_call(server: Server) -> None:
    code = """
        import os
        import google.cloud.dataflow_v1beta3, google.cloud.dataproc_v1
        print(len(os.listdir("/proc/self/task")), "thread", flush=True)
        if os.fork() == 0:
            channel = grpc.secure_channel(target, trust)
            call("Same", b"child")
            os._exit(print("forked", flush=True) or 0)
        os.wait()
    """
    # the clients are imported before the first channel is made, as the stage does
    blocking = BLOCKING.replace("channel = grpc.secure_channel(target, trust)\n", "", 1)
    assert server.run(blocking + textwrap.dedent(code)) == ["1 thread", "5", "forked"]


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n", PREFACE + b"\0" * 9], ids=["HTTP/1", "a broken frame"])
def test_what_is_no_http2_ends_the_connection(sent: bytes, server: Server) -> None:
    async def body() -> bytes:
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(lambda: GrpcConnection(server.answer), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
        writer.write(sent)
        try:
            return await asyncio.wait_for(reader.read(), 20)
        finally:
            writer.close()
            listening.close()

    asyncio.run(body())
    assert server.requests == []


def test_the_cloud_knows_no_http2_before_it_is_spoken(tmp_path: Path) -> None:
    code = f"""
        import sys
        from pytest_dagguard.cloud.process import Cloud
        Cloud(print, True, {str(tmp_path)!r})
        print(sorted({{"h2", "grpc", "google.cloud.dataproc_v1"}} & set(sys.modules)))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
