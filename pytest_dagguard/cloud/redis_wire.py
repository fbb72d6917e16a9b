"""The wire of Redis: commands out of bytes, replies into bytes (RESP2 and RESP3), and the port that speaks it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Protocol

from multidict import CIMultiDict

from pytest_dagguard.cloud.emulator import Request
from pytest_dagguard.cloud.server import BACKLOG, Handler, bound

_INLINE_AT_MOST = 64 * 1024
_HEADERS: CIMultiDict[str] = CIMultiDict()


class Dialogue(Protocol):
    """One connection's side of the emulator."""

    number: int

    def at_once(self, fields: list[bytes]) -> bytes | None:
        """The reply to a command that is about the connection alone; None for one that has to pass the tap."""
        ...

    def close(self) -> None:
        """The connection is gone."""
        ...


class Host(Protocol):
    """The emulator, as the port sees it."""

    def connect(self, send: asyncio.WriteTransport) -> Dialogue:
        """A new connection; what is pushed to it without being asked for goes to ``send``."""
        ...


def packed(fields: list[bytes]) -> bytes:
    """A command as clients send it."""
    return b"*%d\r\n" % len(fields) + b"".join(b"$%d\r\n%s\r\n" % (len(each), each) for each in fields)


class Parser:
    """Takes commands out of what a connection receives."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[list[bytes]]:
        """Take in a piece and yield the commands that are whole now.

        :raises ValueError: this is not the protocol
        """
        self._buffer += data
        while self._buffer:
            found = self._command()
            if found is None:
                return
            fields, end = found
            del self._buffer[:end]
            if fields:
                yield fields

    def _command(self) -> tuple[list[bytes], int] | None:
        line = self._line(0)
        if line is None:
            return None
        head, position = line
        if not head.startswith(b"*"):
            return head.split(), position
        fields: list[bytes] = []
        for _ in range(int(head[1:])):
            line = self._line(position)
            if line is None:
                return None
            if not line[0].startswith(b"$"):
                raise ValueError(f"expected '$', got '{line[0][:1].decode('latin-1')}'")
            size, position = int(line[0][1:]), line[1]
            if len(self._buffer) < position + size + 2:
                return None
            fields.append(bytes(self._buffer[position : position + size]))
            position += size + 2
        return fields, position

    def _line(self, start: int) -> tuple[bytes, int] | None:
        end = self._buffer.find(b"\n", start)
        if end < 0:
            if len(self._buffer) - start > _INLINE_AT_MOST:
                raise ValueError("too big inline request")
            return None
        return bytes(self._buffer[start:end]).rstrip(b"\r"), end + 1


class _Connection(asyncio.Protocol):
    """One client: its commands are brought before the tap one after the other, the next when one is answered."""

    def __init__(self, host: Host, handler: Handler, open_ones: set[asyncio.WriteTransport]) -> None:
        self._host, self._handler, self._open = host, handler, open_ones
        self._parser = Parser()
        self._waiting: asyncio.Queue[list[bytes]] = asyncio.Queue()
        self._transport: asyncio.WriteTransport | None = None
        self._dialogue: Dialogue | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._open.add(transport)
        self._dialogue = self._host.connect(transport)
        self._task = asyncio.get_running_loop().create_task(self._serve(transport, self._dialogue))

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        try:
            for fields in self._parser.feed(data):
                self._waiting.put_nowait(fields)
        except ValueError as wrong:
            self._transport.write(f"-ERR Protocol error: {wrong}\r\n".encode())
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        assert self._transport is not None
        self._open.discard(self._transport)
        if self._task is not None:
            self._task.cancel()
        if self._dialogue is not None:
            self._dialogue.close()

    async def _serve(self, transport: asyncio.WriteTransport, dialogue: Dialogue) -> None:
        while True:
            fields = await self._waiting.get()
            verb = fields[0].decode("latin-1").upper()
            reply = dialogue.at_once(fields)
            if reply is None:
                request = Request(verb, str(dialogue.number), "", "", _HEADERS, packed(fields))
                try:
                    answer = await self._handler(request)
                except asyncio.CancelledError:
                    transport.abort()
                    raise
                if answer.status not in (200, 501):
                    transport.abort()  # Redis has no word for what an HTTP service would say here: the line is dead
                    return
                reply = answer.body if answer.status == 200 else b"-ERR " + answer.body.replace(b"\n", b" ") + b"\r\n"
            transport.write(reply)
            if verb == "QUIT":
                transport.close()
                return


class RedisPort:
    """A listening port on 127.0.0.1."""

    def __init__(self, server: asyncio.Server, open_ones: set[asyncio.WriteTransport]) -> None:
        self._server, self._open = server, open_ones
        self.number: int = server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        """``redis://127.0.0.1:<number>/0``."""
        return f"redis://127.0.0.1:{self.number}/0"

    def close(self) -> None:
        """Stop listening and drop every connection."""
        self._server.close()
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.abort()


async def serve(host: Host, handler: Handler) -> RedisPort:
    """Listen, and hand each command that is no business of the connection alone to ``handler``."""
    open_ones: set[asyncio.WriteTransport] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(host, handler, open_ones), sock=bound(), backlog=BACKLOG)
    return RedisPort(server, open_ones)
