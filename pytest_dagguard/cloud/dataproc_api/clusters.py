"""Clusters: made, changed, stopped and deleted by long running operations.

What the configuration of a cluster says of its own deletion (``lifecycle_config``) is kept and not carried out: when
nobody works on it, time does not pass here as it does there.
"""

from __future__ import annotations

import copy
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pytest_dagguard.cloud.calls.errors import exists, invalid, missing, unready
from pytest_dagguard.cloud.dataproc_api import filters
from pytest_dagguard.cloud.dataproc_api.records import FAILED, Cluster, Key
from pytest_dagguard.cloud.dataproc_api.request import Call
from pytest_dagguard.cloud.dataproc_api.service import NAME, Service

METADATA = "type.googleapis.com/google.cloud.dataproc.v1.ClusterOperationMetadata"
CLUSTER = "type.googleapis.com/google.cloud.dataproc.v1.Cluster"
EMPTY = "type.googleapis.com/google.protobuf.Empty"

SECONDS = {"CREATING": 120.0, "DELETING": 90.0, "UPDATING": 60.0, "STOPPING": 60.0, "STARTING": 60.0}
"""Virtual seconds that a cluster is in a state on its way to another."""

_THEN = {"CREATING": "RUNNING", "UPDATING": "RUNNING", "STARTING": "RUNNING", "STOPPING": "STOPPED", "DELETING": ""}
_WORDS = {"STOPPING": "stopped", "STOPPED": "stopped", "DELETING": "deleting"}
_VERBS = {"CREATING": "CREATE", "DELETING": "DELETE", "UPDATING": "UPDATE", "STARTING": "START", "STOPPING": "STOP"}
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,49}[a-z0-9])?")


def word(cluster: Cluster) -> str:
    """What the cloud's state says of it, empty where it is as it was before anybody did anything to it."""
    if cluster.found and cluster.state == "RUNNING" and not cluster.spec:
        return ""
    return _WORDS.get(cluster.state, "live")


def key_of(call: Call) -> Key:
    """The cluster that a request is about."""
    name = call.id or str(call.body.get("clusterName") or "")
    return "clusters", call.project, call.region, name


def shown(cluster: Cluster) -> dict[str, Any]:
    """A cluster as clients are told."""
    _, project, _, name = cluster.key
    told = [{"state": state, "stateStartTime": when} for state, when in cluster.states]
    return {
        **cluster.spec,
        "projectId": project,
        "clusterName": name,
        "clusterUuid": cluster.uuid,
        "status": told[-1],
        "statusHistory": told[:-1],
    }


def ring(service: Service, key: Key, state: str) -> None:
    """A cluster has been on its way for long enough, unless it was sent another way meanwhile."""
    cluster = service.store.clusters.get(key)
    if cluster is None or cluster.state != state:
        return
    if _THEN[state]:
        cluster = replace(cluster, states=(*cluster.states, (_THEN[state], service.stamp())))
        service.store.clusters[key] = cluster
        operation = service.store.operations
        for name in [name for name, each in operation.items() if each.about == cluster.resource and not each.done]:
            service.conclude(name, {"@type": CLUSTER, **shown(cluster)})
        return
    del service.store.clusters[key]
    service.store.gone[key] = None
    for name in [name for name, each in service.store.operations.items() if each.about == cluster.resource]:
        deletes = service.store.operations[name].metadata["operationType"] == "DELETE"
        service.conclude(name, {"@type": EMPTY}, *(() if deletes else ("The cluster was deleted.", 10)))


def lapse(service: Service, seconds: float) -> None:
    """Time passes for clusters alone: how long they are on their way is known, and how long a job takes is not."""
    clock, store = service.world.clock, service.store
    store.lapsed += seconds
    for key, cluster in list(store.clusters.items()):
        if cluster.state in SECONDS and cluster.alarm is not None:
            clock.unset(cluster.alarm)
            left = cluster.due - clock.now - store.lapsed
            if left > 0:
                alarm = clock.set(left, NAME, "cluster", key, cluster.state)
                store.clusters[key] = replace(cluster, alarm=alarm)
            else:
                ring(service, key, cluster.state)


def _there(service: Service, call: Call) -> Cluster:
    """A cluster that is named; one that was never heard of is somebody else's, and at work.

    :raises Refusal: it was deleted
    """
    key = key_of(call)
    if key in service.store.gone:
        raise missing(f"Not found: Cluster {call.place}/clusters/{key[3]}")
    found = service.store.clusters.get(key)
    if found is None:
        found = Cluster(key, str(uuid.uuid4()), {}, (("RUNNING", service.stamp()),), found=True)
    asked = call.query.get("clusterUuid") or call.body.get("clusterUuid")
    if asked and asked != found.uuid:
        raise missing(f"Not found: Cluster {call.place}/clusters/{key[3]} with the uuid {asked}")
    return found


def _send(service: Service, call: Call, cluster: Cluster, state: str) -> object:
    """Have a cluster be on its way to another state; the same request, by its id, gives the operation that it gave."""
    store = service.store
    metadata = {
        "@type": METADATA,
        "clusterName": cluster.name,
        "clusterUuid": cluster.uuid,
        "operationType": _VERBS[state],
        "status": {"state": "RUNNING", "stateStartTime": service.stamp()},
    }
    lro = service.operate(call, cluster.resource, metadata)
    states = (*cluster.states, (state, service.stamp())) if cluster.states[-1][0] != state else cluster.states
    due = service.world.clock.now + store.lapsed + SECONDS[state]
    alarm = service.world.clock.set(SECONDS[state], NAME, "cluster", cluster.key, state)
    store.clusters[cluster.key] = replace(cluster, states=states, due=due, alarm=alarm)
    if call.request:
        store.requests[(call.verb, call.place, call.request)] = lro.name
    return lro.shown()


def _again(service: Service, call: Call) -> object:
    """What the same request was answered before, None where it is a new one."""
    known = service.store.requests.get((call.verb, call.place, call.request)) if call.request else None
    return None if known is None else service.store.operations[known].shown()


def _create(service: Service, call: Call) -> object:
    if (again := _again(service, call)) is not None:
        return again
    key = key_of(call)
    if not _NAME.fullmatch(key[3]):
        raise invalid(f"Invalid cluster name {key[3]!r}: up to 51 lower-case letters, digits and hyphens.")
    if key in service.store.clusters:
        raise exists(f"Already exists: Failed to create cluster: Cluster {call.place}/clusters/{key[3]}")
    given = ("config", "virtualClusterConfig", "labels")
    spec = {name: call.body[name] for name in given if name in call.body}
    service.store.gone.pop(key, None)
    return _send(service, call, Cluster(key, str(uuid.uuid4()), spec, (("CREATING", service.stamp()),)), "CREATING")


def _delete(service: Service, call: Call) -> object:
    if (again := _again(service, call)) is not None:
        return again
    cluster = _there(service, call)
    if cluster.state == "DELETING":
        raise unready(f"Cannot delete cluster '{cluster.name}' while it has other pending delete operations.")
    for each in service.live("jobs"):
        if each.cluster == cluster.key:
            service.finish(each.key, each.state, FAILED)
    return _send(service, call, cluster, "DELETING")


def _ready(service: Service, call: Call, state: str, ready: str = "RUNNING") -> object:
    if (again := _again(service, call)) is not None:
        return again
    cluster = _there(service, call)
    if cluster.state != ready:
        what = _VERBS[state].lower()
        raise unready(f"Cannot {what} cluster '{cluster.name}' in state {cluster.state}: it is to be {ready}.")
    if state == "UPDATING":
        cluster = replace(cluster, spec=_masked(cluster.spec, call))
    return _send(service, call, cluster, state)


def _masked(spec: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """A cluster with those fields changed that a request names."""
    changed: dict[str, Any] = copy.deepcopy(dict(spec))
    for path in filter(None, call.query.get("updateMask", "").split(",")):
        *way, last = path.split(".")
        given: Any = call.body
        into = changed
        for each in way:
            given = given.get(each) or {}
            into = into.setdefault(each, {})
        if last in given:
            into[last] = given[last]
        else:
            into.pop(last, None)
    return changed


def _get(service: Service, call: Call) -> object:
    cluster = service.store.clusters.get(key_of(call))
    if cluster is None:
        raise missing(f"Not found: Cluster {call.place}/clusters/{call.id}")
    return shown(cluster)


def _list(service: Service, call: Call) -> object:
    wanted = filters.read(call.verb, call.query.get("filter", ""), ("status.state", "clusterName"))
    found = []
    for key, each in service.store.clusters.items():
        active = "ACTIVE" if each.state in ("CREATING", "UPDATING", "RUNNING") else "INACTIVE"
        known = {"clusterName": (each.name,), "status.state": (active, each.state)}
        if key[1:3] == (call.project, call.region) and filters.fits(wanted, known, each.spec.get("labels")):
            found.append(shown(each))
    return {"clusters": found} if found else {}


ANSWERS: Mapping[str, Callable[[Service, Call], object]] = {
    "clusters.create": _create,
    "clusters.delete": _delete,
    "clusters.patch": lambda service, call: _ready(service, call, "UPDATING"),
    "clusters.start": lambda service, call: _ready(service, call, "STARTING", "STOPPED"),
    "clusters.stop": lambda service, call: _ready(service, call, "STOPPING"),
    "clusters.get": _get,
    "clusters.list": _list,
}
