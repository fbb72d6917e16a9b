"""Answers that go on, on the wire: chunks of a body, and websockets with numbered channels."""

from __future__ import annotations

import contextlib

from aiohttp import WSMsgType, web

from pytest_dagguard.cloud.feed import Conversation, Feed


async def stream(incoming: web.BaseRequest, head: web.Response, feed: Feed, feeds: set[Feed]) -> web.StreamResponse:
    """Send what a feed gives, piece by piece, until it ends or the caller hangs up.

    :param head: status and headers
    :param feeds: where the feed is as long as it is under way
    """
    headers = {name: value for name, value in head.headers.items() if name.lower() != "content-length"}
    answer = web.StreamResponse(status=head.status, headers=headers)
    answer.enable_chunked_encoding()
    feeds.add(feed)
    try:
        await answer.prepare(incoming)
        async for piece in feed:
            await answer.write(piece)
        await answer.write_eof()
    except ConnectionError:
        pass
    finally:
        feeds.discard(feed)
        feed.close()
    return answer


async def ended(feed: Feed, feeds: set[Feed]) -> None:
    """Wait until a feed is closed by its emulator, or the caller hangs up.

    :param feeds: where the feed is as long as it is under way
    """
    feeds.add(feed)
    try:
        async for _ in feed:
            pass
    finally:
        feeds.discard(feed)


class _Channels:
    """A websocket on which the first byte of a message is its channel."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self.protocol = socket.ws_protocol or ""

    async def receive(self) -> tuple[int, bytes] | None:
        while True:
            message = await self._socket.receive()
            if message.type not in (WSMsgType.BINARY, WSMsgType.TEXT):
                return None
            data = message.data.encode() if isinstance(message.data, str) else message.data
            if data[:1] == b"\xff":
                return 255, data[1:]
            if data:
                return data[0], data[1:]

    async def send(self, channel: int, data: bytes) -> None:
        await self._socket.send_bytes(bytes([channel]) + data)


async def converse(incoming: web.BaseRequest, talk: Conversation, protocols: tuple[str, ...]) -> web.StreamResponse:
    """Make the connection a websocket and hold a conversation over it."""
    # what a client sends in one message may be long: a file that is copied
    socket = web.WebSocketResponse(protocols=protocols, timeout=1.0, max_msg_size=0)
    await socket.prepare(incoming)
    with contextlib.suppress(ConnectionError):
        await talk(_Channels(socket))
        await socket.close()
    return socket
