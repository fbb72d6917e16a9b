"""Calls over gRPC as the REST requests that mean the same, so that an emulator of Google's has one face.

Google's interfaces have both, and the same messages in both (the ``google.api.http`` annotation of each method, and
protobuf's JSON form). The classes of the messages come with the client library of the service, which is imported when
the first such call comes.
"""

from __future__ import annotations

import functools
import importlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from multidict import CIMultiDict

from pytest_dagguard.cloud.calls.status import CODES, is_call
from pytest_dagguard.cloud.emulator import Request, Response
from pytest_dagguard.cloud.server import Handler

_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Rpc:
    """How a call is asked over REST.

    :param method: ``POST``
    :param path: with fields of the request in braces, as JSON calls them: ``/v1/projects/{projectId}/jobs:submit``
    :param request: full name of the message that is sent
    :param answer: of the one that is answered
    :param body: the field that is the body; ``*`` for all that are not in the path; empty: there is none, and these
        are in the query
    """

    method: str
    path: str
    request: str
    answer: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class Interface:
    """What of a service is asked over gRPC.

    :param library: the package on the index that has the messages
    :param modules: those that define them, and what they may hold
    :param rpcs: path of a call -> how it is asked over REST
    """

    library: str
    modules: tuple[str, ...]
    rpcs: Mapping[str, Rpc]


def transcoded(handler: Handler, interface: Interface, missing: Callable[[str, str], None]) -> Handler:
    """A handler that takes calls over gRPC too.

    :param handler: answers REST; a call that the interface does not have comes to it as it is
    :param missing: told a call that cannot be read, and what is to be installed
    """

    async def answer(request: Request) -> Response:
        rpc = interface.rpcs.get(request.path) if is_call(request) else None
        if rpc is None:
            return await handler(request)
        try:
            kinds = _kind(interface.modules, rpc.request), _kind(interface.modules, rpc.answer)
        except ImportError:
            missing(request.path, interface.library)
            return Response(501, (), f"dagguard: {interface.library} is not installed".encode())
        try:
            asked = as_rest(rpc, request, kinds[0])
        except ValueError as error:
            return Response(400, (), str(error).encode())
        return as_grpc(await handler(asked), kinds[1])

    return answer


@functools.cache
def _kind(modules: tuple[str, ...], name: str) -> Any:
    """The class of a message.

    :raises ImportError: its library is not there
    """
    from google.protobuf import descriptor_pool, message_factory

    for each in modules:
        importlib.import_module(each)
    try:
        return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))
    except KeyError as error:
        raise ImportError(f"{name} is in none of {', '.join(modules)}") from error


def as_rest(rpc: Rpc, request: Request, kind: Any) -> Request:
    """The REST request of a call.

    :raises ValueError: its message is broken
    """
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.message import DecodeError

    try:
        fields: dict[str, Any] = MessageToDict(kind.FromString(request.body))
    except DecodeError as error:
        raise ValueError(f"{rpc.request} cannot be read") from error
    path = _FIELD.sub(lambda found: quote(str(fields.pop(found[1], "")), safe="/"), rpc.path)
    if rpc.body == "*":
        body, fields = json.dumps(fields).encode(), {}
    else:
        body = json.dumps(fields.pop(rpc.body, {})).encode() if rpc.body else b""
    query = urlencode({name: _in_query(value) for name, value in fields.items()}, doseq=True)
    headers = CIMultiDict({"Host": request.host, "Content-Type": "application/json"})
    return Request(rpc.method, request.host, path, query, headers, body)


def _in_query(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def as_grpc(answer: Response, kind: Any) -> Response:
    """The answer of a call, made of that of the REST request."""
    from google.protobuf.json_format import ParseDict

    if not 200 <= answer.status < 300:
        return _refused(answer)
    message = ParseDict(json.loads(answer.body or b"{}"), kind(), ignore_unknown_fields=True)
    return Response(200, (("grpc-status", "0"),), message.SerializeToString())


def _refused(answer: Response) -> Response:
    """An error, by the name that it has over REST too."""
    try:
        error = json.loads(answer.body)["error"]
        headers = (("grpc-status", str(CODES[error["status"]])), ("grpc-message", str(error["message"])))
    except (ValueError, KeyError, TypeError):
        return answer
    return Response(answer.status, headers)
