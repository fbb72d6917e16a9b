"""Requests to Dataproc's REST interface v1: which call each is, and what is in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from pytest_dagguard.cloud.emulator import Request
from pytest_dagguard.model.errors import NotEmulated

UNLOCK = "of Dataproc, jobs, clusters, batches, workflow templates and their operations are emulated"

_PATH = re.compile(r"/v1/projects/(?P<project>[^/]+)/(?:regions|locations)/(?P<region>[^/]+)/(?P<rest>.+)")
_ID = "(?P<id>[^/:]+)"
_CALLS: tuple[tuple[str, str, str], ...] = (
    ("POST", "jobs:submit", "jobs.submit"),
    ("POST", "jobs:submitAsOperation", "jobs.submitAsOperation"),
    ("GET", "jobs", "jobs.list"),
    ("GET", f"jobs/{_ID}", "jobs.get"),
    ("DELETE", f"jobs/{_ID}", "jobs.delete"),
    ("POST", f"jobs/{_ID}:cancel", "jobs.cancel"),
    ("POST", "clusters", "clusters.create"),
    ("GET", "clusters", "clusters.list"),
    ("GET", f"clusters/{_ID}", "clusters.get"),
    ("PATCH", f"clusters/{_ID}", "clusters.patch"),
    ("DELETE", f"clusters/{_ID}", "clusters.delete"),
    ("POST", f"clusters/{_ID}:start", "clusters.start"),
    ("POST", f"clusters/{_ID}:stop", "clusters.stop"),
    ("POST", "batches", "batches.create"),
    ("GET", "batches", "batches.list"),
    ("GET", f"batches/{_ID}", "batches.get"),
    ("DELETE", f"batches/{_ID}", "batches.delete"),
    ("POST", "workflowTemplates", "workflowTemplates.create"),
    ("GET", "workflowTemplates", "workflowTemplates.list"),
    ("GET", f"workflowTemplates/{_ID}", "workflowTemplates.get"),
    ("DELETE", f"workflowTemplates/{_ID}", "workflowTemplates.delete"),
    ("POST", f"workflowTemplates/{_ID}:instantiate", "workflowTemplates.instantiate"),
    ("POST", "workflowTemplates:instantiateInline", "workflowTemplates.instantiateInline"),
    ("GET", f"operations/{_ID}", "operations.get"),
    ("POST", f"operations/{_ID}:cancel", "operations.cancel"),
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    :param verb: ``jobs.submit``, ``clusters.get``
    :param id: of what it is about, as its path has it; empty where that names nothing
    """

    verb: str
    project: str
    region: str
    id: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where it is about something, as names begin with it."""
        return f"projects/{self.project}/regions/{self.region}"

    @property
    def request(self) -> str:
        """The client's own id of the request, empty where it gives none."""
        return str(self.query.get("requestId") or self.body.get("requestId") or "")


def read(request: Request) -> Call:
    """Which call a request is.

    :raises NotEmulated: one that is not answered truly
    """
    path = _PATH.fullmatch(unquote(request.path))
    if path is not None:
        for method, pattern, verb in _CALLS:
            found = re.fullmatch(pattern, path["rest"]) if method == request.method else None
            if found is not None:
                query = dict(parse_qsl(request.query))
                named = found.groupdict().get("id", "")
                return Call(verb, path["project"], path["region"], named, query, _body(request))
    raise NotEmulated("dataproc", f"{request.method} {request.path}", UNLOCK)


def _body(request: Request) -> Mapping[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def seconds(duration: object, otherwise: float = float("inf")) -> float:
    """The seconds of a duration as JSON has it, ``600s``; ``otherwise`` where it is none."""
    try:
        return float(str(duration).removesuffix("s"))
    except ValueError:
        return otherwise
