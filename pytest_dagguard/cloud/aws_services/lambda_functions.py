"""AWS Lambda: functions that are invoked. Each invocation is a run of its own, for which the service has no token.

Lambda waits for a synchronous invocation and answers when the function has ended; whoever hangs up does not end it. An
invocation of the type ``Event`` is answered at once, and one that fails is tried twice more.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from pytest_dagguard.cloud.aws_services.service import FAILED, LIVE, OURS, SUCCEEDED, Body, JobRun, Refusal, Service
from pytest_dagguard.cloud.emulator import Request, Response
from pytest_dagguard.cloud.feed import Feed
from pytest_dagguard.model.errors import NotEmulated
from pytest_dagguard.model.life import Death

MOST_SECONDS = 900.0
"""Seconds after which Lambda ends any invocation; of a function that is not created here nothing less is known."""

DEFAULT_SECONDS = 3.0
"""Lambda's own limit for a function that is created without one."""

MORE_TRIES = 2
"""How often Lambda tries an asynchronous invocation again that has failed."""

_FUNCTIONS = "functions"
_HEADERS = {
    "InvocationType": "X-Amz-Invocation-Type",
    "LogType": "X-Amz-Log-Type",
}


@dataclass(slots=True)
class Invocation:
    """One run of a function.

    :param limit: seconds after which the service ends it
    :param event: it is asynchronous
    :param more: how often it is tried again where it fails
    :param reader: waits for its end; None where nobody does
    """

    id: str
    name: str
    payload: str
    limit: float
    event: bool
    tail: bool
    more: int = 0
    state: str = LIVE
    death: Death = field(default_factory=lambda: Death(0))
    reader: Feed | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Invocation:
        """A copy for a state that is kept. Nobody waits in one."""
        fields = (self.id, self.name, self.payload, self.limit, self.event, self.tail)
        return Invocation(*fields, self.more, self.state, self.death)

    def answer(self) -> Response:
        """What Lambda says of it when it has ended."""
        headers = [("Content-Type", "application/json"), ("X-Amz-Executed-Version", "$LATEST")]
        if self.tail:
            log = "\n".join(self.death.log).encode()[-4096:]
            headers.append(("X-Amz-Log-Result", base64.b64encode(log).decode()))
        if self.state == SUCCEEDED:
            return Response(200, tuple(headers), (self.death.xcom or "null").encode())
        kind, _, text = self.death.error.partition(": ")
        body = {"errorMessage": text or "the function failed", "errorType": kind or "Runtime.ExitError"}
        return Response(200, (*headers, ("X-Amz-Function-Error", "Unhandled")), json.dumps(body).encode())


def _kept(backend: Any, name: str, empty: Any) -> Any:
    if not hasattr(backend, OURS + name):
        setattr(backend, OURS + name, empty)
    return getattr(backend, OURS + name)


def _invocations(backend: Any) -> list[Invocation]:
    found: list[Invocation] = _kept(backend, "invocations", [])
    return found


def _functions(backend: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = _kept(backend, _FUNCTIONS, {})
    return found


def _runs(backend: Any) -> Iterator[JobRun]:
    for name, made in _functions(backend).items():
        about = {key: value for key, value in made.items() if key != "RevisionId"}
        yield JobRun(name, name, about, SUCCEEDED, lambda state: None, float("inf"), does=False, group=_FUNCTIONS)
    for each in list(_invocations(backend)):

        def end(state: str, each: Invocation = each) -> None:
            each.state = state
            if state == FAILED and each.more:
                again = Invocation(str(uuid.uuid4()), each.name, each.payload, each.limit, True, False, each.more - 1)
                _invocations(backend).append(again)
            if each.reader is not None:
                each.reader.close()
                each.reader = None

        def tell(death: Death, each: Invocation = each) -> None:
            each.death = death

        yield JobRun(each.id, each.name, _arguments(each.payload), each.state, end, each.limit, tell=tell)


def _arguments(payload: str) -> Mapping[str, Any]:
    """The payload as a function's ``job.arguments``."""
    try:
        found = json.loads(payload or "{}")
    except ValueError:
        return {"payload": payload}
    return found if isinstance(found, dict) else {"payload": found}


def _read(request: Request, fields: Mapping[str, str], body: Mapping[str, Any]) -> Body:
    """What a request says: its body, or the headers of an invocation, whose body is the function's own."""
    if not request.path.rstrip("/").endswith("/invocations"):
        return {**body, **fields}
    said = {name: request.headers.get(header, "") for name, header in _HEADERS.items()}
    return {**fields, **said, "Payload": request.body.decode("utf-8", "replace")}


def _name(body: Body) -> str:
    """A function's name, of which the service also takes an ARN or a part of one, with a version or an alias."""
    given = unquote(str(body.get("FunctionName") or ""))
    return (given.partition("function:")[2] or given.rpartition("/")[2]).partition(":")[0]


def _groups(backend: Any, action: str, body: Body) -> tuple[str, ...]:
    return (_name(body) if action == "Invoke" else _FUNCTIONS,)


def _run_ids(action: str, body: Body) -> tuple[str, ...]:
    return () if action == "Invoke" else (_name(body),)


def _invoke(backend: Any, body: Body) -> Response:
    """``Invoke``: moto would start a container."""
    kind = body.get("InvocationType") or "RequestResponse"
    if kind == "DryRun":
        return Response(204)
    name, event = _name(body), kind == "Event"
    known = _functions(backend).get(name, {})
    limit = float(known.get("Timeout", MOST_SECONDS))
    made = Invocation(str(uuid.uuid4()), name, str(body["Payload"]), limit, event, body.get("LogType") == "Tail")
    _invocations(backend).append(made)
    if event:
        made.more = MORE_TRIES
        return Response(202)
    made.reader = Feed()
    return Response(200, feed=made.reader, later=made.answer)


def _create(backend: Any, body: Body) -> Body | Refusal:
    """``CreateFunction``: a name that is there is refused; moto wants role and code to be in its own storages."""
    name = _name(body)
    arn = f"arn:aws:lambda:{backend.region_name}:{backend.account_id}:function:{name}"
    if name in _functions(backend):
        return Refusal("ResourceConflictException", f"Function already exist: {name}", 409)
    if body.get("Publish"):
        raise NotEmulated("lambda", "CreateFunction", "versions of functions are not emulated")
    kept = ("Runtime", "Role", "Handler", "Description", "MemorySize", "Environment", "PackageType", "Layers")
    about = {key: body[key] for key in kept if body.get(key) is not None}
    made = {"Timeout": DEFAULT_SECONDS, **about, "FunctionName": name, "FunctionArn": arn, "Version": "$LATEST"}
    made["Timeout"] = int(body.get("Timeout") or DEFAULT_SECONDS)
    _functions(backend)[name] = {**made, "State": "Active", "LastUpdateStatus": "Successful"}
    return {**_functions(backend)[name], "State": "Pending"}


def _get(backend: Any, body: Body) -> Body | Refusal:
    """``GetFunction`` and ``GetFunctionConfiguration``."""
    name = _name(body)
    found = _functions(backend).get(name)
    if found is None:
        arn = f"arn:aws:lambda:{backend.region_name}:{backend.account_id}:function:{name}"
        return Refusal("ResourceNotFoundException", f"Function not found: {arn}", 404)
    return found


SERVICE = Service(
    signing="lambda",
    host="lambda",
    runs=_runs,
    groups=_groups,
    run_ids=_run_ids,
    prepare=lambda backend, action, body: None,
    verbs=frozenset({"CreateFunction", "GetFunction", "GetFunctionConfiguration", "Invoke"}),
    own={
        "CreateFunction": _create,
        "GetFunction": lambda backend, body: (
            found if isinstance(found := _get(backend, body), Refusal) else {"Configuration": found}
        ),
        "GetFunctionConfiguration": _get,
        "Invoke": _invoke,
    },
    read=_read,
)
