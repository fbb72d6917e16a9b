"""A little HTTP server in front of an emulator, for tests with real clients. The project's tap has its own tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from multidict import CIMultiDict

from pytest_dagguard.cloud.emulator import Caller, Emulator, Request, Response
from pytest_dagguard.cloud.gcs import Gcs
from pytest_dagguard.model.errors import NotEmulated
from pytest_dagguard.model.operation import Operation

K256 = 256 * 1024


def request(method: str, path: str, query: str = "", body: bytes = b"", **headers: str) -> Request:
    """A request as the tap gives it; ``_`` in the name of a header stands for ``-``."""
    given = CIMultiDict({name.replace("_", "-"): text for name, text in headers.items()})
    return Request(method, "127.0.0.1:1", path, query, given, body)


def apply(gcs: Gcs, *arguments: Any, **headers: str) -> Response:
    """Ask an emulator without a server."""
    return gcs.apply(request(*arguments, **headers), Caller("attempt 1", {}))


def put(gcs: Gcs, name: str = "a", body: bytes = b"one", query: str = "") -> Response:
    return apply(gcs, "POST", "/upload/storage/v1/b/bkt/o", f"uploadType=media&name={name}{query}", body)


def classify(gcs: Gcs, *arguments: Any, **headers: str) -> Operation:
    return gcs.classify(request(*arguments, **headers))


class Front:
    """An emulator that listens.

    :ivar url: where
    :ivar operations: what was called, in order, with the status of the answer
    """

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.operations: list[tuple[Operation, int]] = []
        self.url = ""
        self._lock = threading.Lock()

    def verbs(self) -> list[str]:
        return [operation.verb for operation, _ in self.operations]

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        path, _, query = handler.path.partition("?")
        headers: CIMultiDict[str] = CIMultiDict(handler.headers.items())
        request = Request(handler.command, headers.get("Host", ""), path, query, headers, _body(handler))
        with self._lock:
            try:
                operation = self.emulator.classify(request)
                response = self.emulator.apply(request, Caller("attempt 1", {"gcs": self.url}))
            except NotEmulated as error:
                handler.send_response(501)
                handler.send_header("Content-Length", str(len(str(error))))
                handler.end_headers()
                handler.wfile.write(str(error).encode())
                return
            self.operations.append((operation, response.status))
        handler.send_response_only(response.status)
        for name, value in response.headers:
            # As aiohttp does; http.server would take it for Latin-1.
            handler.send_header(name, value.encode().decode("latin-1"))
        if not any(name == "Content-Length" for name, _ in response.headers):
            handler.send_header("Content-Length", str(len(response.body)))
        handler.end_headers()
        handler.wfile.write(response.body)


def _body(handler: BaseHTTPRequestHandler) -> bytes:
    if handler.headers.get("Transfer-Encoding", "").lower() == "chunked":
        out = b""
        while size := int(handler.rfile.readline().strip() or b"0", 16):
            out += handler.rfile.read(size)
            handler.rfile.readline()
        handler.rfile.readline()
        return out
    return handler.rfile.read(int(handler.headers.get("Content-Length", 0)))


@contextmanager
def listening(emulator: Emulator) -> Iterator[Front]:
    """Let an emulator listen on a port of its own."""
    front = Front(emulator)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body leave in one piece: in two, Nagle's algorithm costs 40 ms an answer.
        wbufsize = -1

        def do(self) -> None:
            front.handle(self)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = do

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    front.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield front
    finally:
        server.shutdown()
        server.server_close()
