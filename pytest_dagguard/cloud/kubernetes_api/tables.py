"""What kubectl shows: objects as rows of a table, where the caller asks for one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, Protocol

from pytest_dagguard.cloud.kubernetes_api.call import Call
from pytest_dagguard.cloud.kubernetes_api.kinds import Object

_Cells = Callable[[Object], list[Any]]


class Render(Protocol):
    """Brings an object, or a list, into the form that was asked for."""

    def __call__(self, value: Object, first: bool = True) -> Object:
        """:param first: whether the table's head is to be there."""
        ...


def age(when: Any, now: datetime | None = None) -> str:
    """How long ago, as kubectl says it."""
    if not isinstance(when, str):
        return "<unknown>"
    then = datetime.strptime(when[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    seconds = max(0, int(((now or datetime.now(timezone.utc)) - then).total_seconds()))
    if seconds < 120:
        return f"{seconds}s"
    if seconds < 7200:
        return f"{seconds // 60}m"
    return f"{seconds // 3600}h" if seconds < 172800 else f"{seconds // 86400}d"


def _pod(pod: Object) -> list[Any]:
    statuses = pod["status"].get("containerStatuses") or []
    ready = sum(bool(each.get("ready")) for each in statuses)
    shown = pod["status"].get("reason") or pod["status"].get("phase", "Unknown")
    for each in statuses:
        for state in ("waiting", "terminated"):
            shown = ((each.get("state") or {}).get(state) or {}).get("reason") or shown
    if pod["metadata"].get("deletionTimestamp"):
        shown = "Terminating"
    restarts = sum(each.get("restartCount", 0) for each in statuses)
    return [f"{ready}/{len(pod['spec'].get('containers') or [])}", shown, restarts, _age(pod)]


def _job(job: Object) -> list[Any]:
    status, spec = job.get("status") or {}, job["spec"]
    done = {each["type"] for each in status.get("conditions") or [] if each.get("status") == "True"}
    shown = next((each for each in ("Complete", "Failed") if each in done), "Running")
    if spec.get("suspend") and shown == "Running":
        shown = "Suspended"
    took = "" if "startTime" not in status else age(status["startTime"])
    return [
        shown,
        f"{status.get('succeeded', 0)}/{spec.get('completions') or spec.get('parallelism')}",
        took,
        _age(job),
    ]


def _event(event: Object) -> list[Any]:
    about = event.get("involvedObject") or {}
    target = f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"
    return [age(event.get("lastTimestamp")), event.get("type"), event.get("reason"), target, event.get("message")]


def _node(node: Object) -> list[Any]:
    info = (node.get("status") or {}).get("nodeInfo") or {}
    return ["Ready", "<none>", _age(node), info.get("kubeletVersion", "")]


def _data(value: Object) -> list[Any]:
    return [len(value.get("data") or {}) + len(value.get("binaryData") or {}), _age(value)]


def _age(value: Object) -> str:
    return age(value["metadata"].get("creationTimestamp"))


_COLUMNS: dict[str, tuple[tuple[str, ...], _Cells]] = {
    "pods": (("Ready", "Status", "Restarts:integer", "Age"), _pod),
    "jobs.batch": (("Status", "Completions", "Duration", "Age"), _job),
    "events": (("Last Seen", "Type", "Reason", "Object", "Message"), _event),
    "nodes": (("Status", "Roles", "Age", "Version"), _node),
    "configmaps": (("Data:integer", "Age"), _data),
    "secrets": (
        ("Type", "Data:integer", "Age"),
        lambda each: [each.get("type", ""), len(each.get("data") or {}), _age(each)],
    ),
    "namespaces": (
        ("Status", "Age"),
        lambda each: [(each.get("status") or {}).get("phase", ""), _age(each)],
    ),
    "serviceaccounts": (("Secrets:integer", "Age"), lambda each: [len(each.get("secrets") or []), _age(each)]),
    "leases.coordination.k8s.io": (
        ("Holder", "Age"),
        lambda each: [(each.get("spec") or {}).get("holderIdentity", ""), _age(each)],
    ),
}
_DEFAULT: tuple[tuple[str, ...], _Cells] = (("Age",), lambda each: [_age(each)])


def renderer(call: Call) -> Render:
    """How the caller wants objects and lists: as they are, as a table, or their metadata alone."""
    for wanted in call.request.headers.get("Accept", "").split(","):
        form = re.search(r"as=(\w+)", wanted)
        if form is None:
            return _plain
        if form.group(1) == "Table":
            return lambda value, first=True: table(call, value, first)
        if form.group(1).startswith("PartialObjectMetadata"):
            return _metadata
    return _plain


def _plain(value: Object, first: bool = True) -> Object:
    return value


def _metadata(value: Object, first: bool = True) -> Object:
    if value.get("kind") == "Status":
        return value
    if "items" in value and str(value.get("kind", "")).endswith("List"):
        items = [_metadata(each) for each in value["items"]]
        kind = "PartialObjectMetadataList"
        return {"kind": kind, "apiVersion": "meta.k8s.io/v1", "metadata": value["metadata"], "items": items}
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": value["metadata"]}


def table(call: Call, value: Object, first: bool) -> Object:
    """An object or a list as a table."""
    if value.get("kind") == "Status":
        return value
    listed = "items" in value and str(value.get("kind", "")).endswith("List")
    items: list[Object] = value["items"] if listed else [value]
    names, cells = _COLUMNS.get(call.kind.key, _DEFAULT)
    columns: list[Object] = [{"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0}]
    for title in names:
        name, _, type_ = title.partition(":")
        columns.append({"name": name, "type": type_ or "string", "format": "", "description": "", "priority": 0})
    if call.kind.key == "events":
        columns[0] = columns[0] | {"priority": 1}
        columns = [*columns[1:], columns[0]]
    rows = []
    for each in items:
        found = [each["metadata"]["name"], *cells(each)]
        if call.kind.key == "events":
            found = [*found[1:], found[0]]
        shown: Any = each if call.one("includeObject") == "Object" else _metadata(each)
        row: Object = {"cells": found}
        if call.one("includeObject") != "None":
            row["object"] = shown
        rows.append(row)
    meta = value["metadata"] if listed else {"resourceVersion": value["metadata"].get("resourceVersion", "")}
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": meta,
        "columnDefinitions": columns if first else None,
        "rows": rows,
    }
