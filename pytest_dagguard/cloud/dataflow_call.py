"""Requests to Dataflow's REST interface v1b3: which call each is, and what is in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from pytest_dagguard.cloud.calls.errors import Refusal
from pytest_dagguard.cloud.emulator import Request
from pytest_dagguard.model.errors import NotEmulated

UNLOCK = "of Dataflow, templates, and jobs with their messages and metrics are emulated"

_PATH = re.compile(r"/v1b3/projects/(?P<project>[^/]+)(/locations/(?P<location>[^/]*))?/(?P<rest>.+)")
_LOCATION = "us-central1"
_CALLS: tuple[tuple[str, str, str], ...] = (
    ("POST", r"templates:launch", "templates.launch"),
    ("POST", r"flexTemplates:launch", "flexTemplates.launch"),
    ("POST", r"jobs", "jobs.create"),
    ("GET", r"jobs", "jobs.list"),
    ("GET", r"jobs:aggregated", "jobs.aggregated"),
    ("GET", r"jobs/(?P<job>[^/]+)", "jobs.get"),
    ("PUT", r"jobs/(?P<job>[^/]+)", "jobs.update"),
    ("GET", r"jobs/(?P<job>[^/]+)/messages", "jobs.messages.list"),
    ("GET", r"jobs/(?P<job>[^/]+)/metrics", "jobs.getMetrics"),
)
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,1022}[a-z0-9])?")
_LIMIT = re.compile(r"max_workflow_runtime_walltime_seconds=(\d+)")


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    :param verb: ``templates.launch``, ``jobs.get``
    :param job: id of the job that it is about, empty where it is about none
    """

    verb: str
    project: str
    location: str
    job: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job that a call asks for.

    :param request: the client's own id of the request, empty where it gives none
    :param limit: seconds after which the service cancels it, infinite where nothing is said
    """

    name: str
    parameters: Mapping[str, Any]
    streaming: bool = False
    request: str = ""
    limit: float = float("inf")


def read(request: Request) -> Call:
    """Which call a request is.

    :raises NotEmulated: one that is not answered truly
    """
    path = _PATH.fullmatch(unquote(request.path))
    query = dict(parse_qsl(request.query))
    if path is not None:
        for method, pattern, verb in _CALLS:
            found = re.fullmatch(pattern, path["rest"]) if method == request.method else None
            if found is not None:
                location = path["location"] or query.get("location") or _LOCATION
                return Call(verb, path["project"], location, found.groupdict().get("job", ""), query, _body(request))
    raise NotEmulated("dataflow", f"{request.method} {request.path}", UNLOCK)


def wanted(call: Call) -> Wanted:
    """The job that a launch or a creation asks for.

    :raises Refusal: it is not a valid request
    :raises NotEmulated: it changes a job that runs
    """
    body = call.body
    if call.verb == "flexTemplates.launch":
        body = body.get("launchParameter") or body.get("launch_parameter") or {}
    if body.get("update") or body.get("replaceJobId"):
        raise NotEmulated("dataflow", f"{call.verb} with an update of a running job", UNLOCK)
    if call.query.get("validateOnly") == "true" or call.body.get("validateOnly"):
        raise NotEmulated("dataflow", f"{call.verb} that only validates", UNLOCK)
    name = str(body.get("jobName") or body.get("name") or "")
    if not _NAME.fullmatch(name):
        text = f"The job name {name!r} is invalid: it takes lower-case letters, digits and hyphens, a letter first."
        raise Refusal(400, "INVALID_ARGUMENT", text)
    environment = body.get("environment") or {}
    said = json.dumps(environment)
    streaming = body.get("type") == "JOB_TYPE_STREAMING" or bool(environment.get("enableStreamingEngine"))
    limit = float(found[1]) if (found := _LIMIT.search(said)) else float("inf")
    parameters = body.get("parameters") or {}
    return Wanted(name, dict(parameters), streaming, str(body.get("clientRequestId") or ""), limit)


def _body(request: Request) -> Mapping[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
