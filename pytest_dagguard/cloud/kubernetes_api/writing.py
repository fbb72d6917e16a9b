"""Create, update, patch and delete, as the API server does them."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

from pytest_dagguard.cloud.kubernetes_api import admission, apply, failure, patch, pod_status
from pytest_dagguard.cloud.kubernetes_api.call import Call
from pytest_dagguard.cloud.kubernetes_api.cluster import Cluster
from pytest_dagguard.cloud.kubernetes_api.deletion import Deletion, Options, options
from pytest_dagguard.cloud.kubernetes_api.failure import Refused
from pytest_dagguard.cloud.kubernetes_api.jobs import Jobs
from pytest_dagguard.cloud.kubernetes_api.kinds import POD, SPARK, Kind, Object, Place, place
from pytest_dagguard.cloud.kubernetes_api.kubelet import Kubelet
from pytest_dagguard.cloud.kubernetes_api.reading import chosen
from pytest_dagguard.cloud.kubernetes_api.spark import Spark
from pytest_dagguard.cloud.kubernetes_api.volumes import Volumes

_NO_GENERATION = frozenset({"pods", "namespaces", "nodes", "configmaps", "secrets", "serviceaccounts", "events"})


@dataclass(slots=True)
class Writing:
    """Everything that changes objects because somebody asks for it."""

    cluster: Cluster
    volumes: Volumes
    kubelet: Kubelet = field(init=False)
    jobs: Jobs = field(init=False)
    spark: Spark = field(init=False)
    deletion: Deletion = field(init=False)

    def __post_init__(self) -> None:
        self.kubelet = Kubelet(
            self.cluster, self.volumes, lambda pod: self._pod_changed(pod), lambda at: self._remove(at)
        )
        self.jobs = Jobs(self.cluster, self._make_pod, lambda where: self._delete(where))
        self.spark = Spark(self.cluster, self._make_pod, lambda where: self._delete(where))
        self.deletion = Deletion(self.cluster, self.kubelet, lambda pod: self._pod_changed(pod, gone=True))

    def _pod_changed(self, pod: Object, gone: bool = False) -> None:
        """Have the controllers know."""
        self.jobs.pod_changed(pod, gone)
        self.spark.pod_changed(pod, gone)

    def _remove(self, where: Place) -> None:
        self.deletion.remove(where)

    def _delete(self, where: Place) -> None:
        if where in self.cluster.store.objects:
            self.deletion.delete(where, Options("Background"))

    def _make_pod(self, namespace: str, body: Object) -> Object:
        value = admission.identify(POD, body, namespace, self.cluster.store.birth())
        admission.defaults(POD, value)
        return self._keep(POD, value)

    def create(self, call: Call) -> tuple[int, Object]:
        """POST to a list."""
        kind, body = call.kind, call.body
        if kind.namespaced and not call.namespace:
            raise Refused(405, "the server does not allow this method on the requested resource")
        value = admission.identify(kind, body, call.namespace, self.cluster.store.birth())
        if kind.namespaced and not self.cluster.ensure_namespace(call.namespace):
            raise Refused(404, f'namespaces "{call.namespace}" not found')
        admission.defaults(kind, value)
        where = place(kind, call.namespace, value["metadata"]["name"])
        if where in self.cluster.store.objects:
            raise failure.exists(kind, where[2])
        value = apply.updated(kind, None, value, manager(call), "", self.cluster.store.stamp())
        if call.one("dryRun"):
            return 201, value
        return 201, self._keep(kind, value)

    def _keep(self, kind: Kind, value: Object) -> Object:
        """Keep a new object and have its controller know; the answer shows it as it was before that."""
        if kind.key not in _NO_GENERATION and "spec" in value:
            value["metadata"]["generation"] = 1
        if kind.key == "pods":
            value["status"] = pod_status.pending(value)
        elif kind.key == "jobs.batch" or (
            not kind.custom and "status" in kind.subresources and kind.key not in ("namespaces", "nodes")
        ):
            value["status"] = {}
        meta = value["metadata"]
        kept = self.cluster.store.put(place(kind, meta.get("namespace", ""), meta["name"]), value)
        if kind.key == "pods":
            self.kubelet.created(kept)
        elif kind.key == "jobs.batch":
            self.jobs.created(kept)
        elif kind.key == SPARK.key:
            self.spark.created(kept)
        elif kind.key == "namespaces":
            self.cluster.add_account(meta["name"])
        elif kind.key in ("configmaps", "secrets"):
            self.kubelet.provided(meta["namespace"])
        return kept

    def update(self, call: Call) -> tuple[int, Object]:
        """PUT."""
        current = self.cluster.store.get(call.place)
        if current is None:
            raise failure.missing(call.kind, call.name)
        value = admission.shaped(call.kind, call.body, call.namespace)
        if value["metadata"].setdefault("name", call.name) != call.name:
            raise Refused(400, "the name of the object does not match the name on the URL")
        return 200, self._replace(call, current, value)

    def patch(self, call: Call) -> tuple[int, Object]:
        """PATCH, in any of its forms; server-side apply may create."""
        current = self.cluster.store.get(call.place)
        if call.media == patch.APPLY:
            return self._apply(call, current)
        if current is None:
            raise failure.missing(call.kind, call.name)
        if call.media == patch.JSON_PATCH:
            value = patch.json_patch(copy.deepcopy(current), call.content)
        elif call.media == patch.MERGE:
            value = patch.merge(current, call.body)
        elif call.media == patch.STRATEGIC and not call.kind.custom:
            value = patch.strategic(current, call.body)
        else:
            known = ", ".join((patch.JSON_PATCH, patch.MERGE, patch.STRATEGIC, patch.APPLY))
            raise Refused(
                415, f"the body of the request was in an unknown format - accepted media types include: {known}"
            )
        value = admission.shaped(call.kind, value, call.namespace)
        if value["metadata"].get("name") != call.name:
            raise failure.invalid(call.kind, call.name, "metadata.name", "Invalid value: field is immutable")
        return 200, self._replace(call, current, value)

    def _apply(self, call: Call, current: Object | None) -> tuple[int, Object]:
        if not call.one("fieldManager"):
            raise Refused(
                400, "PatchOptions.meta.k8s.io is invalid: fieldManager: Required value: is required for apply patch"
            )
        wanted = admission.shaped(call.kind, call.body, call.namespace)
        if wanted["metadata"].setdefault("name", call.name) != call.name:
            raise Refused(400, "the name of the object does not match the name on the URL")
        if wanted["metadata"].pop("managedFields", None):
            raise Refused(400, "metadata.managedFields must be nil")
        wanted["metadata"].pop("resourceVersion", None)
        when = self.cluster.store.stamp()
        base = current or {"kind": wanted["kind"], "apiVersion": call.kind.api_version, "metadata": {}}
        merged = apply.apply(call.kind, base, wanted, call.one("fieldManager"), call.flag("force"), when)
        if current is not None:
            return 200, self._replace(call, current, merged, owned=True)
        if call.sub:
            raise failure.missing(call.kind, call.name)
        owners = merged["metadata"].pop("managedFields")
        value = admission.identify(call.kind, merged, call.namespace, when)
        if call.kind.namespaced and not self.cluster.ensure_namespace(call.namespace):
            raise Refused(404, f'namespaces "{call.namespace}" not found')
        admission.defaults(call.kind, value)
        value["metadata"]["managedFields"] = owners
        return 201, value if call.one("dryRun") else self._keep(call.kind, value)

    def _replace(self, call: Call, current: Object, value: Object, owned: bool = False) -> Object:
        """Keep the new value of an object, if it may be."""
        kind, meta = call.kind, value["metadata"]
        if meta.get("resourceVersion") not in (None, "", current["metadata"]["resourceVersion"]):
            raise failure.outdated(kind, call.name)
        if meta.get("uid") not in (None, "", current["metadata"]["uid"]):
            raise failure.outdated(kind, call.name)
        admission.keep_system(current, value)
        admission.check_meta(kind, value)
        if call.sub == "status":
            value = self._status_only(call, current, value)
        elif call.sub in ("", "finalize"):
            self._without_status(kind, current, value)
        if not owned:
            value = apply.updated(kind, current, value, manager(call), call.sub, self.cluster.store.stamp())
        if call.one("dryRun"):
            return value
        kept = self.cluster.store.put(call.place, value)
        return self.deletion.settle(call.place) or self._follow(kind, call.place, current, kept)

    def _status_only(self, call: Call, current: Object, value: Object) -> Object:
        status = value.get("status") or {}
        if not isinstance(status, dict):
            raise Refused(400, "status must be an object")
        if call.kind.key == "pods" and status.get("phase") not in (
            "Pending",
            "Running",
            "Succeeded",
            "Failed",
            "Unknown",
        ):
            raise failure.invalid(call.kind, call.name, "status.phase", "Unsupported value")
        return {**current, "status": status, "metadata": {**value["metadata"]}}

    def _without_status(self, kind: Kind, current: Object, value: Object) -> None:
        if not kind.custom and "status" in kind.subresources:
            value.pop("status", None)
            if "status" in current:
                value["status"] = current["status"]
        elif kind.custom and "status" in current and "status" not in value:
            value["status"] = current["status"]
        if kind.key != "namespaces":
            keep = value["metadata"]
            admission.defaults(kind, value)
            value["metadata"] = keep
        admission.unchangeable(kind, current, value)
        if "generation" in current["metadata"] and current.get("spec") != value.get("spec"):
            value["metadata"]["generation"] = current["metadata"]["generation"] + 1

    def _follow(self, kind: Kind, where: Place, current: Object, kept: Object) -> Object:
        if kind.key in ("configmaps", "secrets"):
            self.kubelet.provided(where[1])
        if kind.key == "jobs.batch":
            started = current["spec"].get("suspend") and not kept["spec"].get("suspend")
            if started and "startTime" not in kept["status"]:
                when = self.cluster.store.stamp()
                self.cluster.change(where, lambda fresh: fresh["status"].update(startTime=when))
            if kept["spec"].get("suspend") and not current["spec"].get("suspend"):
                for pod in self.jobs.pods(kept):
                    self.cluster.store.counted[pod["metadata"]["uid"]] = "suspended"
                    self._delete(place(POD, pod["metadata"]["namespace"], pod["metadata"]["name"]))
            self.jobs.sync(where)
        elif kind.key == "pods":
            self.jobs.pod_changed(kept)
        return kept

    def delete(self, call: Call) -> tuple[int, Object]:
        """DELETE of one object."""
        current = self.cluster.store.get(call.place)
        if current is None:
            raise failure.missing(call.kind, call.name)
        wanted = options(call.body if call.request.body else {}, call.one)
        self._check(call, current, wanted)
        if wanted.dry:
            return 200, current
        last = self.deletion.delete(call.place, wanted)
        if call.kind.key != "pods" and call.place not in self.cluster.store.objects:
            return 200, failure.success(call.kind, call.name, current["metadata"]["uid"])
        return 200, last

    def _check(self, call: Call, current: Object, wanted: Options) -> None:
        meta = current["metadata"]
        for said, real, field_ in (
            (wanted.uid, meta["uid"], "UID"),
            (wanted.revision, meta["resourceVersion"], "ResourceVersion"),
        ):
            if said and said != real:
                raise Refused(
                    409,
                    f"Precondition failed: {field_} in precondition: {said}, {field_} in object meta: {real}",
                    details={"name": call.name, "kind": call.kind.plural},
                )

    def delete_many(self, call: Call) -> tuple[int, Object]:
        """DELETE of a list."""
        wanted = options(call.body if call.request.body else {}, call.one)
        found = chosen(self.cluster.store, call)
        for value in found:
            meta = value["metadata"]
            where = place(call.kind, meta.get("namespace", ""), meta["name"])
            if where in self.cluster.store.objects and not wanted.dry:
                self.deletion.delete(where, wanted)
        listed = {
            "kind": f"{call.kind.name or 'Object'}List",
            "apiVersion": call.kind.api_version,
            "metadata": {"resourceVersion": str(self.cluster.store.revision)},
            "items": found,
        }
        return 200, listed

    def evict(self, call: Call) -> tuple[int, Object]:
        """POST to a pod's ``eviction``."""
        current = self.cluster.store.get(call.place)
        if current is None:
            raise failure.missing(call.kind, call.name)
        self.deletion.delete(call.place, options(call.body.get("deleteOptions"), lambda name: ""))
        return 201, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def manager(call: Call) -> str:
    """Who changes fields: what it says it is, else the program's name."""
    agent = call.request.headers.get("User-Agent", "").partition("/")[0]
    return call.one("fieldManager") or agent or "unknown"
