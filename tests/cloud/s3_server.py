"""A tiny HTTP server in front of an S3 emulator, for tests with real clients. The project's own is the tap."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from multidict import CIMultiDict

from pytest_dagguard.cloud.emulator import Caller, Request, Response
from pytest_dagguard.cloud.s3 import S3
from pytest_dagguard.model.errors import NotEmulated

CALLER = Caller("attempt 1", {})
CREDENTIALS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}


def request(method: str, path: str, query: str = "", body: bytes = b"", **headers: str) -> Request:
    """A request as the tap gives it; ``_`` in the name of a header stands for ``-``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    host = named.pop("host", "127.0.0.1:4566")
    return Request(method, host, path, query, CIMultiDict({"Host": host, **named}), body)


def send(emulator: S3, method: str, path: str, query: str = "", body: bytes = b"", **headers: str) -> int:
    """Ask an emulator without a server; the status of its answer."""
    return emulator.apply(request(method, path, query, body, **headers), CALLER).status


def state(emulator: S3) -> dict[str, Any]:
    return dict(emulator.entries())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes: without this each answer waits 40 ms for an acknowledgement.
    disable_nagle_algorithm = True
    server: Any

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        headers = CIMultiDict(self.headers.items())
        whole = Request(self.command, self.headers.get("Host", ""), path, query, headers, self._body())
        with self.server.lock:
            try:
                self.server.operations.append(self.server.emulator.classify(whole))
                response = self.server.emulator.apply(whole, CALLER)
            except NotEmulated as error:
                self.server.refused.append(error)
                response = Response(501, (), str(error).encode())
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in response.headers) and response.status != 204:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _answer

    def log_message(self, format: str, *args: Any) -> None:
        return


@contextlib.contextmanager
def serve(emulator: Any) -> Iterator[Any]:
    """Serve an emulator on a loopback port; ``.url``, ``.operations`` and ``.refused`` tell of it."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.emulator, server.lock, server.operations, server.refused = emulator, threading.Lock(), [], []
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
