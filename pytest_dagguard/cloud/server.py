"""Loopback ports: one per actor and service, so that who calls is known whatever client or subprocess it uses."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web
from multidict import CIMultiDict

from pytest_dagguard.cloud import streams
from pytest_dagguard.cloud.emulator import Request, Response
from pytest_dagguard.cloud.feed import Feed
from pytest_dagguard.cloud.whereabouts import Whereabouts
from pytest_dagguard.model.history import Frame

BACKLOG = 256
"""Connections that may wait at a port to be taken."""

Handler = Callable[[Request], Awaitable[Response]]


class Port:
    """A listening port on 127.0.0.1."""

    def __init__(self, server: asyncio.Server, front: web.Server | None = None, secure: bool = False) -> None:
        self._server = server
        self._front = front
        self._scheme = "https" if secure else "http"
        self.number: int = server.sockets[0].getsockname()[1]
        self.feeds: set[Feed] = set()
        """Of the answers that are under way and go on."""

    @property
    def url(self) -> str:
        """``http://127.0.0.1:<number>``."""
        return f"{self._scheme}://127.0.0.1:{self.number}"

    def close(self) -> None:
        """Stop listening and drop every connection."""
        self._server.close()
        if self._front is None:
            return
        # aiohttp's own shutdown waits for the requests it serves; here their callers are dead, or are to be
        for connection in self._front.connections:
            if connection.transport is not None:
                connection.transport.abort()


def front_of(handler: Handler, feeds: set[Feed]) -> web.Server:
    """A server that hands each whole HTTP request to ``handler``; a cancelled handler drops the connection.

    :param feeds: where answers that go on are kept while they do
    """

    async def handle(incoming: web.BaseRequest) -> web.StreamResponse:
        # boto3 announces its uploads and waits a second for this line before it sends them unasked
        if incoming.headers.get("Expect", "").lower() == "100-continue" and incoming.transport is not None:
            incoming.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await incoming.content.read()
        target = incoming.raw_path
        if "://" in target.split("?", 1)[0]:
            parts = urlsplit(target)
            path, query = parts.path, parts.query
        else:
            path, _, query = target.partition("?")
        headers = CIMultiDict(incoming.headers.items())
        request = Request(incoming.method, headers.get("Host", ""), path, query, headers, body)
        # Who hangs up ends an answer that goes on; what it asked for still takes effect in its turn.
        answer = await asyncio.shield(asyncio.ensure_future(handler(request)))
        if not answer.status and incoming.transport is not None:
            incoming.transport.abort()  # the reply is lost
            raise asyncio.CancelledError
        if answer.websocket is not None:
            return await streams.converse(incoming, answer.websocket, answer.protocols)
        if answer.feed is not None and answer.later is not None:
            await streams.ended(answer.feed, feeds)
            return _outgoing(answer.later(), head=False)
        if answer.feed is not None:
            return await streams.stream(incoming, _outgoing(answer, head=False), answer.feed, feeds)
        return _outgoing(answer, head=incoming.method == "HEAD")

    return web.Server(handle, auto_decompress=False, access_log=None, handler_cancellation=True)


def bound() -> socket.socket:
    """A socket at a port of its own on 127.0.0.1, for ``create_server``, which itself would look the address up."""
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    return made


async def serve_http(handler: Handler, tls: ssl.SSLContext | None = None) -> Port:
    """Listen for HTTP and hand each whole request to ``handler``, see :func:`front_of`.

    :param tls: serve https, with this certificate
    """
    feeds: set[Feed] = set()
    front = front_of(handler, feeds)
    loop = asyncio.get_running_loop()
    port = Port(await loop.create_server(front, sock=bound(), backlog=BACKLOG, ssl=tls), front, tls is not None)
    port.feeds = feeds
    return port


def _outgoing(answer: Response, head: bool) -> web.Response:
    headers = CIMultiDict(answer.headers)
    headers.pop("Transfer-Encoding", None)
    headers.pop("Connection", None)
    if not head:
        headers.pop("Content-Length", None)
    elif "Content-Length" not in headers:
        headers["Content-Length"] = str(len(answer.body))
    return web.Response(status=answer.status, headers=headers, body=b"" if head else answer.body)


class WherePort:
    """The attempt's answering service for "which line are you at?": it connects here once and waits to be asked."""

    def __init__(self) -> None:
        self.port: Port | None = None
        self._link: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._asking = asyncio.Lock()

    async def open(self) -> Port:
        """Start listening."""

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._link = (reader, writer)

        self.port = Port(await asyncio.start_server(connected, sock=bound()))
        return self.port

    async def ask(self) -> Whereabouts:
        """What the attempt is at now; empty where it does not say."""
        if self._link is None:
            return Whereabouts()
        reader, writer = self._link
        async with self._asking:
            try:
                writer.write(b"?\n")
                # A caller that holds the interpreter (a long C call in another thread) must not hold up its own answer
                line = await asyncio.wait_for(reader.readline(), timeout=1.0)
                site, at_work, threads = json.loads(line)
                return Whereabouts(tuple(Frame(*each) for each in site), int(at_work), int(threads))
            except (ConnectionError, TimeoutError, asyncio.TimeoutError, ValueError, TypeError):
                self._link = None
                return Whereabouts()

    def close(self) -> None:
        """Stop listening and hang up."""
        if self._link is not None:
            self._link[1].close()
        if self.port is not None:
            self.port.close()
