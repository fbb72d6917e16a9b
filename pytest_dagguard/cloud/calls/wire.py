"""gRPC over HTTP/2, the side of the server: a unary call becomes a request, and its answer a message.

The framing is that of the "gRPC over HTTP2" specification; HTTP/2 itself is the h2 library's. No gRPC library is
needed, and no thread: all is done on the loop of the cloud, so that a call is an operation like others.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError
from multidict import CIMultiDict

from pytest_dagguard.cloud.calls.status import CODES, of_http
from pytest_dagguard.cloud.emulator import Request, Response
from pytest_dagguard.cloud.server import Handler

_PREFIX = 5
"""Bytes before a message: whether it is compressed, and its length."""


@dataclass(slots=True)
class _Stream:
    """One call.

    :param left: what of the answer is still to be sent, None while there is no answer
    :param trailers: what is sent after it
    """

    headers: CIMultiDict[str]
    body: bytearray = field(default_factory=bytearray)
    left: bytearray | None = None
    trailers: list[tuple[str, str]] = field(default_factory=list)


class GrpcConnection(asyncio.Protocol):
    """One connection of a client; calls over it may be under way at the same time."""

    def __init__(self, handler: Handler) -> None:
        """
        :param handler: answers a call. The answer's body is the message; its header ``grpc-status`` the number of the
            status, and ``grpc-message`` a text; without the former the HTTP status is translated. Status 0 cuts the
            connection, as does a handler that is cancelled.
        """
        self._handler = handler
        self._transport: Any = None
        self._http = H2Connection(H2Configuration(client_side=False, header_encoding="latin-1"))
        self._streams: dict[int, _Stream] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to speak."""
        self._transport = transport
        self._http.initiate_connection()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """What was asked for still takes effect in its turn; nobody is there to be told."""
        self._streams.clear()

    def data_received(self, data: bytes) -> None:
        """Take in frames."""
        try:
            events = self._http.receive_data(data)
        except ProtocolError:
            self._flush()
            self._transport.close()
            return
        for each in events:
            self._take(each)
        self._send()

    def _take(self, event: object) -> None:
        if isinstance(event, RequestReceived):
            self._streams[event.stream_id] = _Stream(CIMultiDict(event.headers))  # type: ignore[arg-type]
        elif isinstance(event, DataReceived):
            self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if event.stream_id in self._streams:
                self._streams[event.stream_id].body += event.data
        elif isinstance(event, StreamReset):
            self._streams.pop(event.stream_id, None)
        elif isinstance(event, StreamEnded) and event.stream_id in self._streams:
            task = asyncio.ensure_future(self._answer(event.stream_id, self._streams[event.stream_id]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, number: int, stream: _Stream) -> None:
        headers = stream.headers
        message = _message(stream)
        if isinstance(message, Response):
            answer = message
        else:
            host, path = headers.get(":authority", ""), headers.get(":path", "")
            try:
                answer = await self._handler(Request("POST", host, path, "", headers, message))
            except asyncio.CancelledError:
                self._transport.abort()
                raise
        if not answer.status:
            self._transport.abort()  # the reply is lost
            return
        if self._streams.get(number) is stream:
            self._reply(number, stream, answer)
            self._send()

    def _reply(self, number: int, stream: _Stream, answer: Response) -> None:
        """Say how the call has ended, and have its message sent."""
        given = {name.lower(): value for name, value in answer.headers}
        status = int(given.get("grpc-status") or of_http(answer.status))
        head = [(":status", "200"), ("content-type", "application/grpc")]
        if status:
            text = given.get("grpc-message") or answer.body.decode("utf-8", "replace")
            said = [("grpc-status", str(status)), ("grpc-message", quote(text, safe=_PLAIN))]
            self._http.send_headers(number, [*head, *said], end_stream=True)
            del self._streams[number]
            return
        stream.left = bytearray(b"\0" + len(answer.body).to_bytes(4, "big") + answer.body)
        stream.trailers = [("grpc-status", "0")]
        self._http.send_headers(number, head)

    def _send(self) -> None:
        """Send what there is, as far as the client takes it."""
        for number, stream in list(self._streams.items()):
            left = stream.left
            if left is None:
                continue
            while left and (size := self._room(number)) > 0:
                self._http.send_data(number, bytes(left[:size]))
                del left[:size]
            if not left:
                self._http.send_headers(number, stream.trailers, end_stream=True)
                del self._streams[number]
        self._flush()

    def _room(self, number: int) -> int:
        return min(self._http.local_flow_control_window(number), self._http.max_outbound_frame_size)

    def _flush(self) -> None:
        if not self._transport.is_closing() and (data := self._http.data_to_send()):
            self._transport.write(data)


_PLAIN = "".join(chr(each) for each in range(0x20, 0x7F) if chr(each) != "%")
"""What of a text is sent as it is."""


def _message(stream: _Stream) -> bytes | Response:
    """The one message of a unary call, or why it cannot be read."""
    headers, body = stream.headers, stream.body
    if not headers.get("content-type", "").startswith("application/grpc"):
        return Response(415, (("grpc-status", str(CODES["UNIMPLEMENTED"])),), b"only gRPC is spoken over HTTP/2")
    if len(body) < _PREFIX or int.from_bytes(body[1:_PREFIX], "big") != len(body) - _PREFIX:
        return Response(501, (), b"only calls with one message are answered")
    if body[0]:
        return Response(501, (), b"compressed messages are not answered")
    return bytes(body[_PREFIX:])
