"""What a request reads and writes: what the answer depends on, and what may be another after it."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_dagguard.cloud.kubernetes_api import execs
from pytest_dagguard.cloud.kubernetes_api.call import SERVICE, Call
from pytest_dagguard.cloud.kubernetes_api.kinds import JOB, POD, SPARK, Object, Place, of_key, resource
from pytest_dagguard.cloud.kubernetes_api.store import Store
from pytest_dagguard.model.operation import Operation

_READS = ("get", "list", "watch")


def operation(store: Store, call: Call) -> Operation:
    """Name a request for the tap."""
    own = call.resource
    if call.verb == "create" and not call.name:
        own = resource(call.kind, call.namespace, _posted(call))
    if call.verb in ("list", "watch", "deletecollection"):
        own = _listed(call)
    reads = frozenset({own})
    writes: frozenset[str] = frozenset()
    if call.sub in ("exec", "attach"):
        if execs.ends_sidecar(call):
            writes = frozenset({own, *_around(store, call)})
    elif call.verb not in _READS and not call.one("dryRun"):
        writes = frozenset({own, *_around(store, call)})
    return Operation(SERVICE, call.title, own, reads, writes)


def _posted(call: Call) -> str:
    """The name of an object that is to be made; its beginning where the server finds the rest."""
    meta = call.body.get("metadata") if isinstance(call.body, dict) else None
    meta = meta if isinstance(meta, dict) else {}
    return str(meta.get("name") or f"{meta.get('generateName') or ''}*")


def _listed(call: Call) -> str:
    for each in call.one("fieldSelector").split(","):
        if each.startswith("metadata.name=") and call.namespace:
            return resource(call.kind, call.namespace, each.partition("=")[2].lstrip("="))
    if call.kind.namespaced and not call.namespace:
        return "k8s://*"
    return resource(call.kind, call.namespace, "*")


def _around(store: Store, call: Call) -> Iterator[str]:
    """What changes because the object does: a Job's pods, a pod's Job, what is owned, what is in a namespace."""
    if call.kind.key == "namespaces":
        yield f"k8s://{call.name or '*'}{'/*' if call.name else ''}"
    elif call.kind.key == "jobs.batch":
        yield resource(POD, call.namespace, f"{call.name or _posted(call).rstrip('*')}{'-' if call.name else ''}*")
    elif call.kind.key == SPARK.key and call.verb in ("create", "patch"):
        yield resource(POD, call.namespace, _driver(call))
    elif call.kind.key in ("configmaps", "secrets") and call.verb != "delete":
        yield from _waiting(store, call.namespace)
    if call.verb == "deletecollection" and call.kind.key == "pods":
        yield resource(JOB, call.namespace, "*")
    if call.name:
        yield from _related(store, call.place)


def _driver(call: Call) -> str:
    """The name of the pod that an application's driver gets."""
    spec = call.body.get("spec") if isinstance(call.content, dict) else None
    driver = spec.get("driver") if isinstance(spec, dict) else None
    own = driver.get("podName") if isinstance(driver, dict) else None
    name = call.name or _posted(call)
    return str(own or (name if name.endswith("*") else f"{name}-driver"))


def _waiting(store: Store, namespace: str) -> Iterator[str]:
    """Pods that may have waited for a config map or a secret."""
    for where, pod in store.among("pods", namespace):
        if pod["status"].get("phase") == "Pending":
            yield name_of(where)


def _related(store: Store, where: Place) -> Iterator[str]:
    value = store.get(where)
    if value is None:
        return
    for each in value["metadata"].get("ownerReferences") or []:
        if each.get("kind") == "Job":
            yield resource(JOB, where[1], each["name"])
            yield resource(POD, where[1], f"{each['name']}-*")
        else:
            yield f"k8s://{where[1]}/*"
    yield from _owned(store, value, set())


def _owned(store: Store, value: Object, seen: set[str]) -> Iterator[str]:
    uid = value["metadata"]["uid"]
    if uid in seen:
        return
    seen.add(uid)
    for place, each in store.objects.items():
        if any(one.get("uid") == uid for one in each["metadata"].get("ownerReferences") or []):
            yield name_of(place)
            yield from _owned(store, each, seen)


def name_of(place: Place) -> str:
    """An object's name for the tap."""
    kind = of_key(place[0])
    return resource(kind, place[1], place[2]) if kind else f"k8s://{place[1]}/{place[0]}/{place[2]}"
