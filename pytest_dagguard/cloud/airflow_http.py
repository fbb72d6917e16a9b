"""From a request to Airflow's Execution API to its route, and from a route's outcome to the answer."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, get_args
from urllib.parse import parse_qs, unquote

from pydantic import BaseModel, TypeAdapter, ValidationError

from pytest_dagguard.cloud.emulator import Request, Response

if TYPE_CHECKING:
    from pytest_dagguard.cloud.airflow_store import Store

PREFIX = "/execution"
LATEST = "9999-12-31"

M = TypeVar("M", bound=BaseModel)


class Refused(Exception):
    """An answer of Airflow's that is an error, with the status and the detail that its client acts on."""

    def __init__(self, status: int, detail: Any) -> None:
        """
        :param status: the HTTP status
        :param detail: what stands under ``detail`` in the body
        """
        super().__init__(status, detail)
        self.status = status
        self.detail = detail


def refused(status: int, reason: str, message: str, **more: Any) -> Refused:
    """An error in Airflow's usual form."""
    return Refused(status, {"reason": reason, "message": message, **more})


@dataclass(frozen=True, slots=True)
class Call:
    """A request that has found its route.

    :param params: the parts of the path that the route names
    :param version: the client's ``Airflow-API-Version``
    :param endpoints: emulator name -> URL on the caller's ports; empty while the request is only named
    """

    params: Mapping[str, str]
    query: Mapping[str, list[str]]
    body: bytes
    version: str = LATEST
    endpoints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a route answers.

    :param body: a value for JSON
    :param empty: no body at all, not even ``null``
    """

    status: int = 200
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    empty: bool = False


NO_CONTENT = Reply(204, empty=True)


@dataclass(frozen=True, slots=True)
class Footprint:
    """What an operation is about and what it touches."""

    resource: str
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()


def reading(resource: str, *more: str) -> Footprint:
    """The footprint of an operation that changes nothing."""
    return Footprint(resource, reads=frozenset(more or (resource,)))


def writing(resource: str, *more: str) -> Footprint:
    """The footprint of an operation that overwrites, whatever was there."""
    return Footprint(resource, writes=frozenset(more or (resource,)))


def updating(resource: str, *more: str) -> Footprint:
    """The footprint of an operation that changes something depending on what is there."""
    names = frozenset(more or (resource,))
    return Footprint(resource, reads=names, writes=names)


Handle = Callable[["Store", Call], Reply]
Name = Callable[["Store", Call], Footprint]


@dataclass(frozen=True, slots=True)
class Route:
    """One route.

    :param path: as FastAPI writes it, ``/xcoms/{dag_id}/{run_id}/{task_id}/{key:path}``
    :param verb: the operation's name in a history
    :param before: only for clients of a version before this one
    :param since: only for clients of this version or a later one
    """

    method: str
    path: str
    verb: str
    handle: Handle
    name: Name
    before: str = LATEST + "x"
    since: str = ""
    pattern: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        text = re.sub(r"\{(\w+):path\}", r"(?P<\1>.*)", self.path)
        text = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", text)
        object.__setattr__(self, "pattern", re.compile(text, re.DOTALL))


def local_path(request: Request) -> str:
    """The request's path within the API, decoded as Airflow's web server decodes it before it looks for a route."""
    path = unquote(request.path)
    return path[len(PREFIX) :] if path.startswith(PREFIX + "/") else path


def find(routes: tuple[Route, ...], request: Request) -> tuple[Route, Call] | None:
    """The first route that fits, as Airflow's own router chooses, or None.

    A route that the client's version of Airflow does not have yet is not found there.
    """
    path = local_path(request)
    version = request.headers.get("airflow-api-version", LATEST)
    later = None
    for route in routes:
        if route.method != request.method or version >= route.before:
            continue
        if match := route.pattern.fullmatch(path):
            call = Call(match.groupdict(), parse_qs(request.query, keep_blank_values=True), request.body, version)
            if version >= route.since and not _slash_too_early(route, match, version):
                return route, call
            later = later or (replace(route, handle=_not_there, name=lambda store, call: Footprint(path)), call)
    return later


def _not_there(store: Store, call: Call) -> Reply:
    raise Refused(404, "Not Found")


def _slash_too_early(route: Route, match: re.Match[str], version: str) -> bool:
    """Whether a name in the path has a slash: in Airflow 3.0 that leads nowhere."""
    return version < "2025-09-23" and any("/" in match[name] for name in re.findall(r"\{(\w+):path\}", route.path))


def instance_id(call: Call, name: str = "task_instance_id") -> str:
    """The UUID in the path, in its usual spelling.

    :raises Refused: it is none
    """
    text = call.params[name]
    try:
        return str(_adapter(uuid.UUID).validate_python(text))
    except ValidationError as error:
        raise _unfit(error, ("path", name)) from None


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    # Making one takes longer than all the rest of a request.
    return TypeAdapter(shape)


def body_of(call: Call, shape: Any) -> Any:
    """The body in the given shape, a model or an annotated type.

    :raises Refused: it does not fit (422)
    """
    if not call.body:
        raise Refused(422, [{"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}])
    try:
        value = json.loads(call.body)
    except ValueError as error:
        raise Refused(422, [_broken_json(error)]) from None
    try:
        return _adapter(shape).validate_python(value, from_attributes=True)
    except ValidationError as error:
        raise _unfit(error, ("body",)) from None


def query_of(call: Call, shape: type[M]) -> M:
    """The query in the given shape.

    :raises Refused: it does not fit (422)
    """
    values: dict[str, Any] = {}
    for name, info in shape.model_fields.items():
        if name in call.query:
            many = any(getattr(each, "__origin__", None) is list for each in get_args(info.annotation))
            values[name] = call.query[name] if many else call.query[name][-1]
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        raise _unfit(error, ("query",)) from None


def _broken_json(error: ValueError) -> dict[str, Any]:
    position, message = getattr(error, "pos", 0), getattr(error, "msg", str(error))
    return {
        "type": "json_invalid",
        "loc": ["body", position],
        "msg": "JSON decode error",
        "input": {},
        "ctx": {"error": message},
    }


def _unfit(error: ValidationError, where: tuple[str, ...]) -> Refused:
    found = []
    for each in error.errors(include_url=False):
        item: dict[str, Any] = {**each, "loc": [*where, *each["loc"]]}
        if "ctx" in item:
            # Airflow's encoder turns an exception in there into an empty object.
            item["ctx"] = {k: {} if isinstance(v, Exception) else v for k, v in item["ctx"].items()}
        if item["type"] == "missing" and where == ("query",):
            item["input"] = None
        found.append(item)
    return Refused(422, found)


def iso(moment: datetime | None) -> str | None:
    """A moment as Airflow's API writes it."""
    if moment is None:
        return None
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def moment(text: str | datetime | None) -> datetime | None:
    """A moment from ISO 8601 text; UTC where it names no zone.

    :raises ValueError: the text is no moment
    """
    if text is None:
        return None
    value = text if isinstance(text, datetime) else datetime.fromisoformat(text.replace("Z", "+00:00"))
    return value if value.tzinfo is not None else value.replace(tzinfo=timezone.utc)


def answer(reply: Reply) -> Response:
    """The reply as it goes over the wire."""
    if reply.empty:
        return Response(reply.status, reply.headers)
    body = json.dumps(reply.body, separators=(",", ":"), ensure_ascii=False, default=str).encode()
    return Response(reply.status, (("Content-Type", "application/json"), *reply.headers), body)


def non_empty(call: Call, name: str) -> str:
    """A part of the path that may hold slashes and must not be empty.

    :raises Refused: it is empty (422)
    """
    text = call.params[name]
    if not text:
        message = "String should have at least 1 character"
        item = {"type": "string_too_short", "loc": ["path", name], "msg": message, "input": text}
        raise Refused(422, [{**item, "ctx": {"min_length": 1}}])
    return text
