"""Jobs that are submitted to a cluster: an id is taken once, and stays taken when its job has ended."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pytest_dagguard.cloud.calls.errors import exists, invalid, missing, unready
from pytest_dagguard.cloud.dataproc_api import filters
from pytest_dagguard.cloud.dataproc_api.records import (
    CANCELLED,
    CANCELLING,
    ENDED,
    FAILED,
    RUNNING,
    SUCCEEDED,
    Key,
    Work,
    name_of,
)
from pytest_dagguard.cloud.dataproc_api.request import UNLOCK, Call
from pytest_dagguard.cloud.dataproc_api.service import NAME, Service
from pytest_dagguard.model.errors import NotEmulated

STATES = {
    RUNNING: "RUNNING",
    CANCELLING: "CANCEL_STARTED",
    CANCELLED: "CANCELLED",
    SUCCEEDED: "DONE",
    FAILED: "ERROR",
}
"""What a job's states are called."""

METADATA = "type.googleapis.com/google.cloud.dataproc.v1.JobMetadata"
JOB = "type.googleapis.com/google.cloud.dataproc.v1.Job"

_ID = re.compile(r"[a-zA-Z0-9_-]{1,100}")
_READY = ("RUNNING", "UPDATING")


def given_id(body: Mapping[str, Any]) -> str:
    """The id that a client gives its job, empty where it leaves that to the service."""
    return str(((body.get("job") or {}).get("reference") or {}).get("jobId") or "")


def submit(service: Service, call: Call) -> Work:
    """Begin the job that a request asks for; the same request, by its id, gives the job that it gave.

    :raises Refusal: the service does not take it
    """
    spec, store = dict(call.body.get("job") or {}), service.store
    given = given_id(call.body)
    same = ("jobs", call.place, call.request)
    if call.request and same in store.requests:
        return store.works[store.requests[same]]
    key: Key = ("jobs", call.project, call.region, given or str(uuid.uuid4()))
    if not _ID.fullmatch(key[3]):
        raise invalid(f"Invalid job id {given!r}: it takes letters, digits, hyphens and underscores.")
    if key in store.works:
        raise exists(f"Already exists: Failed to submit job: Job {call.place}/jobs/{given}")
    _check_cluster(service, call, spec)
    states = ((RUNNING, service.stamp()),)
    work = Work(key, str(uuid.uuid4()), name_of(given, spec), _bare(spec), service.world.clock.now, states)
    if call.request:
        store.requests[same] = key
    if call.verb == "jobs.submitAsOperation":
        metadata = {"@type": METADATA, "jobId": work.id, "operationType": "SUBMIT"}
        work = replace(work, operation=service.operate(call, work.resource, metadata).name)
    service.begin(work)
    return store.works[key]


def _bare(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A job without what the service says of it."""
    own = ("reference", "status", "statusHistory", "jobUuid", "done", "yarnApplications")
    return {name: each for name, each in spec.items() if name not in own}


def _check_cluster(service: Service, call: Call, spec: Mapping[str, Any]) -> None:
    """A cluster that was never heard of is taken to be there: somebody else's, and at work."""
    placement = spec.get("placement") or {}
    name = str(placement.get("clusterName") or "")
    if not name:
        if placement.get("clusterLabels"):
            raise NotEmulated(NAME, "jobs.submit to a cluster by its labels", UNLOCK)
        raise invalid("Cluster name is required")
    key: Key = ("clusters", call.project, call.region, name)
    if key in service.store.gone:
        raise missing(f"Not found: Cluster {call.place}/clusters/{name}")
    cluster = service.store.clusters.get(key)
    if cluster is not None and cluster.state not in _READY:
        raise unready(f"Unable to submit job, cluster '{name}' is in state {cluster.state} and cannot accept jobs.")


def shown(work: Work) -> dict[str, Any]:
    """A job as clients are told."""
    _, project, _, job_id = work.key
    told = [{"state": STATES[state], "stateStartTime": when} for state, when in work.states]
    return {
        **work.spec,
        "reference": {"projectId": project, "jobId": job_id},
        "status": told[-1],
        "statusHistory": told[:-1],
        "jobUuid": work.uuid,
        "done": work.state in ENDED,
    }


def follow(service: Service, work: Work) -> None:
    """The operation of a job has ended with it."""
    if work.key[0] == "jobs" and work.operation:
        failed = {FAILED: 10, CANCELLED: 1}.get(work.state, 0)
        text = f"Job {work.id} is in state {STATES[work.state]}"
        service.conclude(work.operation, {"@type": JOB, **shown(work)}, text, failed)


def _submit(service: Service, call: Call) -> object:
    return shown(submit(service, call))


def _submit_as_operation(service: Service, call: Call) -> object:
    return service.store.operations[submit(service, call).operation].shown()


def _get(service: Service, call: Call) -> object:
    return shown(service.work("jobs", call))


def _cancel(service: Service, call: Call) -> object:
    work = service.work("jobs", call)
    if work.state in ENDED:
        raise unready(f"Cannot cancel jobs in state: {STATES[work.state]}")
    service.cancel(work.key)
    return shown(service.store.works[work.key])


def _delete(service: Service, call: Call) -> object:
    work = service.work("jobs", call)
    if work.state not in ENDED:
        raise unready(f"Cannot delete job {work.id}: it is in state {STATES[work.state]}.")
    del service.store.works[work.key]
    return {}


def _list(service: Service, call: Call) -> object:
    wanted = filters.read(call.verb, call.query.get("filter", ""), ("status.state", "clusterName"))
    if call.query.get("clusterName"):
        wanted.append(("clusterName", call.query["clusterName"]))
    if call.query.get("jobStateMatcher", "ALL") != "ALL":
        wanted.append(("status.state", call.query["jobStateMatcher"]))
    found = []
    for each in reversed(service.store.works.values()):
        active = "NON_ACTIVE" if each.state in ENDED else "ACTIVE"
        known = {"clusterName": (each.cluster[3],), "status.state": (active, STATES[each.state])}
        if each.key[:3] != ("jobs", call.project, call.region) or each.hidden:
            continue
        if filters.fits(wanted, known, each.spec.get("labels")):
            found.append(shown(each))
    return {"jobs": found} if found else {}


ANSWERS: Mapping[str, Callable[[Service, Call], object]] = {
    "jobs.submit": _submit,
    "jobs.submitAsOperation": _submit_as_operation,
    "jobs.get": _get,
    "jobs.cancel": _cancel,
    "jobs.delete": _delete,
    "jobs.list": _list,
}
