"""The way of Airflow's own client to the Execution API: one socket, on this machine, one request at a time.

httpx's own way has pools, proxies, TLS and HTTP/2 in it, of which nothing is needed here, and whose code each fork
would run for the first time: two milliseconds of each attempt. What goes over the wire, and the errors, are the same.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

Headers = list[tuple[bytes, bytes]]
Asked = tuple[bytes, bytes, Headers, bytes]
Limits = Mapping[str, "float | None"]

_PIECE = 1 << 16
_EMPTY = frozenset({204, 304})
"""Statuses whose answers have no body (RFC 9110, section 6.4.1)."""


class Loopback(httpx.BaseTransport):
    """HTTP/1.1 to one server that says how long its answers are."""

    def __init__(self) -> None:
        self._link: socket.socket | None = None
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its answer.

        :raises httpx.TransportError: as httpx's own transport does
        """
        url = request.url
        content = request.read()
        status, headers, body = self.ask(
            (url.host, url.port or 80),
            (request.method.encode("ascii"), url.raw_path, request.headers.raw, content),
            request.extensions.get("timeout", {}),
        )
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))

    def ask(self, server: tuple[str, int], what: Asked, limits: Limits) -> tuple[int, Headers, bytes]:
        """Send a request and return its answer: status, headers and body.

        :param server: host and port
        :param what: method, target, headers and content
        :param limits: seconds to ``connect``, ``write`` and ``read``; None: for ever
        :raises httpx.TransportError: as httpx's own transport does
        """
        with self._lock:
            try:
                return self._ask(server, what, limits)
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Hang up."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _ask(self, server: tuple[str, int], what: Asked, limits: Limits) -> tuple[int, Headers, bytes]:
        link = self._connected(server, limits.get("connect"))
        with _told(httpx.WriteTimeout, httpx.WriteError):
            link.settimeout(limits.get("write"))
            link.sendall(_written(*what))
        with _told(httpx.ReadTimeout, httpx.ReadError):
            link.settimeout(limits.get("read"))
            status, headers, left = _head(link)
            body = b"" if status in _EMPTY or what[0] == b"HEAD" else _body(link, headers, left)
        if any(name == b"connection" and value.lower() == b"close" for name, value in headers):
            self.close()
        return status, headers, body

    def _connected(self, server: tuple[str, int], limit: float | None) -> socket.socket:
        # a link that can be read from while nothing was asked has been closed at the other end
        if self._link is not None and select.select([self._link], [], [], 0)[0]:
            self.close()
        if self._link is None:
            with _told(httpx.ConnectTimeout, httpx.ConnectError):
                self._link = socket.create_connection(server, limit)
            self._link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._link


@contextmanager
def _told(late: type[httpx.TransportError], broken: type[httpx.TransportError]) -> Iterator[None]:
    """Tell errors of a socket as httpx does."""
    try:
        yield
    except TimeoutError as error:
        raise late("timed out") from error
    except OSError as error:
        raise broken(str(error)) from error


def _written(method: bytes, target: bytes, headers: Headers, content: bytes) -> bytes:
    lines = [b"%s %s HTTP/1.1" % (method, target), *(b"%s: %s" % each for each in headers)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + content


def _head(link: socket.socket) -> tuple[int, Headers, bytes]:
    """Status and headers of an answer, and what has come of its body."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = link.recv(_PIECE)
        if not piece:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        got += piece
    head, _, left = got.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    headers = []
    for line in lines:
        name, _, value = line.partition(b":")
        headers.append((name.strip().lower(), value.strip()))
    with contextlib.suppress(IndexError, ValueError):
        return int(first.split()[1]), headers, left
    raise httpx.RemoteProtocolError(f"illegal status line: {first!r}")


def _body(link: socket.socket, headers: Headers, left: bytes) -> bytes:
    length = next((value for name, value in headers if name == b"content-length"), b"")
    if not length.isdigit():
        raise httpx.RemoteProtocolError("the answer does not say how long it is")
    while len(left) < int(length):
        piece = link.recv(_PIECE)
        if not piece:
            raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")
        left += piece
    return left
