"""Serverless batches: an id is taken once; the service ends a batch when its time to live is over."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from pytest_dagguard.cloud.calls.errors import exists, invalid, unready
from pytest_dagguard.cloud.dataproc_api import filters
from pytest_dagguard.cloud.dataproc_api.records import (
    CANCELLED,
    ENDED,
    FAILED,
    RUNNING,
    Key,
    Work,
    name_of,
)
from pytest_dagguard.cloud.dataproc_api.request import Call, seconds
from pytest_dagguard.cloud.dataproc_api.service import Service

METADATA = "type.googleapis.com/google.cloud.dataproc.v1.BatchOperationMetadata"
BATCH = "type.googleapis.com/google.cloud.dataproc.v1.Batch"

TIME_TO_LIVE = 4 * 3600.0
"""Seconds after which the service ends a batch of which nothing else is said, with a runtime from 2.1 on."""

_ID = re.compile(r"[a-z0-9][a-z0-9-]{2,61}[a-z0-9]")


def shown(work: Work) -> dict[str, Any]:
    """A batch as clients are told."""
    _, project, region, batch_id = work.key
    told = [{"state": state, "stateStartTime": when} for state, when in work.states]
    return {
        **work.spec,
        "name": f"projects/{project}/locations/{region}/batches/{batch_id}",
        "uuid": work.uuid,
        "createTime": work.states[0][1],
        "state": work.state,
        "stateTime": work.states[-1][1],
        "stateHistory": told[:-1],
        "operation": work.operation,
    }


def follow(service: Service, work: Work) -> None:
    """The operation of a batch has ended with it."""
    if work.key[0] == "batches":
        failed = {FAILED: 10, CANCELLED: 1}.get(work.state, 0)
        service.conclude(work.operation, {"@type": BATCH, **shown(work)}, f"Batch {work.id} {work.state}", failed)


def _create(service: Service, call: Call) -> object:
    given, store = call.query.get("batchId", ""), service.store
    same = ("batches", call.place, call.request)
    if call.request and same in store.requests:
        return store.operations[store.requests[same]].shown()
    key: Key = ("batches", call.project, call.region, given or str(uuid.uuid4()))
    if not _ID.fullmatch(key[3]):
        raise invalid(f"Batch ID '{given}' must be 4 to 63 lower-case letters, digits and hyphens.")
    if key in store.works:
        raise exists(f"Already exists: Failed to create batch: Batch {call.place}/batches/{given}")
    output_only = ("name", "uuid", "createTime", "state", "stateTime", "stateHistory", "operation", "runtimeInfo")
    spec = {name: each for name, each in call.body.items() if name not in output_only}
    execution = (spec.get("environmentConfig") or {}).get("executionConfig") or {}
    made, now = str(uuid.uuid4()), service.stamp()
    about = Work(key, made, name_of(given, spec), spec, service.world.clock.now, ((RUNNING, now),))
    metadata = {
        "@type": METADATA,
        "batch": f"projects/{call.project}/locations/{call.region}/batches/{key[3]}",
        "batchUuid": made,
        "createTime": now,
        "operationType": "BATCH",
        "description": "Batch",
    }
    lro = service.operate(call, about.resource, metadata)
    limit = seconds(execution.get("ttl"), _time_to_live(spec))
    service.begin(Work(key, made, about.name, spec, about.since, about.states, limit, lro.name))
    if call.request:
        store.requests[same] = lro.name
    return store.operations[lro.name].shown()


def _time_to_live(spec: Mapping[str, Any]) -> float:
    """Seconds that a batch may take which says nothing of that; the newest runtime is taken where none is named."""
    version = re.match(r"(\d+)\.(\d+)", str((spec.get("runtimeConfig") or {}).get("version") or "99.0"))
    old = version is not None and (int(version[1]), int(version[2])) < (2, 1)
    return float("inf") if old else TIME_TO_LIVE


def _get(service: Service, call: Call) -> object:
    return shown(service.work("batches", call))


def _delete(service: Service, call: Call) -> object:
    work = service.work("batches", call)
    if work.state not in ENDED:
        raise unready(f"Cannot delete batch {work.id}: it is in state {work.state}; only those that have ended can be.")
    del service.store.works[work.key]
    return {}


def _list(service: Service, call: Call) -> object:
    wanted = filters.read(call.verb, call.query.get("filter", ""), ("state", "batch_id", "batch_uuid"))
    found = []
    for each in reversed(service.store.works.values()):
        known = {"state": (each.state,), "batch_id": (each.id,), "batch_uuid": (each.uuid,)}
        if each.key[:3] == ("batches", call.project, call.region) and filters.fits(
            wanted, known, each.spec.get("labels")
        ):
            found.append(shown(each))
    return {"batches": found} if found else {}


ANSWERS: Mapping[str, Callable[[Service, Call], object]] = {
    "batches.create": _create,
    "batches.get": _get,
    "batches.delete": _delete,
    "batches.list": _list,
}
