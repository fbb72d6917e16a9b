"""The proxy of an actor: a host that is emulated is answered here, under TLS; every other is refused and named."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

from aiohttp import web

from pytest_dagguard.cloud.authority import Authority
from pytest_dagguard.cloud.feed import Feed
from pytest_dagguard.cloud.server import BACKLOG, Handler, Port, bound, front_of

_HEAD_AT_MOST = 65536
_SECURE = "443"

Answers = Callable[[str], "Handler | None"]
"""Host -> who answers its requests; None where nobody does."""


class ProxyPort(Port):
    """A port at which an actor's clients ask for connections."""

    def __init__(self, server: asyncio.Server, proxy: _Proxy) -> None:
        super().__init__(server)
        self._proxy = proxy
        self.feeds = proxy.feeds

    def close(self) -> None:
        """Stop listening and drop every connection."""
        super().close()
        for each in list(self._proxy.connections):
            each.abort()


class _Proxy:
    """What all connections of one port share."""

    def __init__(
        self,
        refuse: Callable[[str], None],
        answers: Answers,
        authority: Authority | None,
    ) -> None:
        self.refuse, self.answers, self.authority = refuse, answers, authority
        self.connections: set[asyncio.WriteTransport] = set()
        self.feeds: set[Feed] = set()
        self._fronts: dict[str, web.Server] = {}

    def front(self, host: str, handler: Handler) -> web.Server:
        """The HTTP server that stands for a host."""
        if host not in self._fronts:
            self._fronts[host] = front_of(handler, self.feeds)
        return self._fronts[host]


async def serve_proxy(
    refuse: Callable[[str], None],
    answers: Answers = lambda host: None,
    authority: Authority | None = None,
) -> ProxyPort:
    """Listen as an HTTP proxy.

    :param refuse: told each destination that is refused, ``host:port``
    :param answers: who answers for a host; also calls over gRPC, see :mod:`pytest_dagguard.cloud.calls.wire`
    :param authority: issues the certificates of hosts that are answered; without it none is
    """
    proxy = _Proxy(refuse, answers, authority)
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(proxy), sock=bound(), backlog=BACKLOG)
    return ProxyPort(server, proxy)


class _Connection(asyncio.Protocol):
    """One connection until it is known where it wants to go."""

    def __init__(self, proxy: _Proxy) -> None:
        self._proxy = proxy
        self._head = b""
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._proxy.connections.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._proxy.connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._head += data
        if self._task is not None:
            return
        if b"\r\n\r\n" in self._head or b"\n\n" in self._head:
            self._decide(self._transport)
        elif len(self._head) > _HEAD_AT_MOST:
            self._transport.abort()

    def eof_received(self) -> bool:
        """Answer also who has nothing more to say."""
        if self._task is None and self._transport is not None and b"\n" in self._head:
            self._decide(self._transport)
        return self._task is not None

    def _decide(self, transport: asyncio.Transport) -> None:
        words = self._head.split(b"\n", 1)[0].decode("latin-1").split()
        if len(words) < 2:
            transport.close()
            return
        secure = words[0].upper() == "CONNECT"
        try:
            target = words[1] if secure else urlsplit(words[1]).netloc
        except ValueError:
            target = ""
        host, _, port = target.rpartition(":")
        proxy = self._proxy
        if secure and port == _SECURE and proxy.authority is not None:
            handler = proxy.answers(host.lower())
            if handler is not None:
                self._task = asyncio.ensure_future(self._terminate(transport, host.lower(), handler, proxy.authority))
                return
        if target:
            proxy.refuse(target)
        text = f"dagguard: connection to {target} refused: only emulated services can be reached\n".encode()
        transport.write(b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(text) + text)
        transport.close()

    async def _terminate(self, transport: asyncio.Transport, host: str, handler: Handler, authority: Authority) -> None:
        """Speak TLS as the host, and hand over to the server that stands for it."""
        proxy = self._proxy
        transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        early = _Early()
        loop = asyncio.get_running_loop()
        try:
            plain = await loop.start_tls(transport, early, authority.context(host), server_side=True)
        except (OSError, ConnectionError):  # the client does not trust us, or has gone
            transport.abort()
            return
        if plain is None or early.lost:  # it was closed meanwhile
            return
        proxy.connections.add(plain)
        inner: asyncio.Protocol
        if plain.get_extra_info("ssl_object").selected_alpn_protocol() == "h2":
            from pytest_dagguard.cloud.calls.wire import GrpcConnection

            inner = GrpcConnection(handler)
        else:
            inner = proxy.front(host, handler)()
        plain.set_protocol(inner)
        inner.connection_made(plain)
        if early.pieces:
            inner.data_received(b"".join(early.pieces))


class _Early(asyncio.Protocol):
    """Keeps what comes with the end of the handshake, until it is known which protocol it is."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.lost = False

    def data_received(self, data: bytes) -> None:
        self.pieces.append(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
