"""Deleting: grace periods, finalizers, and what becomes of the objects that an object owns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pytest_dagguard.cloud.kubernetes_api import pod_status
from pytest_dagguard.cloud.kubernetes_api.cluster import Cluster
from pytest_dagguard.cloud.kubernetes_api.failure import Refused
from pytest_dagguard.cloud.kubernetes_api.kinds import Object, Place
from pytest_dagguard.cloud.kubernetes_api.kubelet import Kubelet
from pytest_dagguard.cloud.kubernetes_api.store import stamp

ORPHAN, BACKGROUND, FOREGROUND = "Orphan", "Background", "Foreground"
_WAITS = "foregroundDeletion"


@dataclass(frozen=True, slots=True)
class Options:
    """How something is to be deleted.

    :param policy: what becomes of what it owns; empty for what its kind does by default
    :param grace: seconds; None for what it says itself
    """

    policy: str = ""
    grace: int | None = None
    uid: str = ""
    revision: str = ""
    dry: bool = False


def options(body: Any, one: Callable[[str], str]) -> Options:
    """The options of a request: its body's, else those of its query.

    :raises Refused: 400 or 422, they cannot be read
    """
    body = body if isinstance(body, dict) else {}
    grace = body.get("gracePeriodSeconds", one("gracePeriodSeconds") or None)
    policy = body.get("propagationPolicy") or one("propagationPolicy") or ""
    if policy not in ("", ORPHAN, BACKGROUND, FOREGROUND):
        raise Refused(422, f'DeleteOptions is invalid: propagationPolicy: Unsupported value: "{policy}"')
    orphan = body.get("orphanDependents", one("orphanDependents") or None)
    if orphan is not None and not policy:
        policy = ORPHAN if str(orphan).lower() == "true" else BACKGROUND
    try:
        grace = None if grace is None else int(grace)
    except (TypeError, ValueError):
        raise Refused(400, "gracePeriodSeconds must be a whole number") from None
    if grace is not None and grace < 0:
        grace = 1
    conditions = body.get("preconditions")
    conditions = conditions if isinstance(conditions, dict) else {}
    dry = bool(body.get("dryRun")) or bool(one("dryRun"))
    return Options(policy, grace, str(conditions.get("uid") or ""), str(conditions.get("resourceVersion") or ""), dry)


@dataclass(slots=True)
class Deletion:
    """Deletes objects of a cluster.

    :param gone: told of each pod that is gone
    """

    cluster: Cluster
    kubelet: Kubelet
    gone: Callable[[Object], None]

    def delete(self, where: Place, wanted: Options) -> Object:
        """Delete an object, or begin to; returns its last revision."""
        value = self.cluster.store.objects[where]
        policy = wanted.policy or (ORPHAN if where[0] == "jobs.batch" else BACKGROUND)
        if policy == ORPHAN:
            self._orphan(value)
        elif policy == FOREGROUND and self._owned(value):
            if _WAITS in value["metadata"].get("finalizers", []):
                return value
            self._mark(where, 0, add=_WAITS)
            for each in self._owned(value):
                if each in self.cluster.store.objects:
                    self.delete(each, Options(FOREGROUND))
            return self._settle(where) or value
        if where[0] == "pods":
            return self._delete_pod(where, wanted)
        if where[0] == "namespaces":
            for each in [each for each in self.cluster.store.objects if each[1] == where[2]]:
                if each in self.cluster.store.objects:
                    self.delete(each, Options(BACKGROUND, 0))
        value = self.cluster.store.objects.get(where, value)
        if value["metadata"].get("finalizers"):
            return self._mark(where, 0)
        return self.remove(where)

    def _delete_pod(self, where: Place, wanted: Options) -> Object:
        pod = self.cluster.store.objects[where]
        uid = pod["metadata"]["uid"]
        grace = pod["spec"].get("terminationGracePeriodSeconds", 30) if wanted.grace is None else wanted.grace
        lot = self.cluster.lot(pod)
        lingers = min(float(grace), lot.termination) if self.kubelet.busy(uid) else 0.0
        if lingers > 0:
            if not pod["metadata"].get("deletionTimestamp"):
                pod = self._mark(where, grace)
                self.cluster.event(pod, "Killing", "Stopping container")
            self.cluster.alarm(lingers, "delete", *where, uid)
            return pod
        self.kubelet.stop_all(uid)
        if pod["metadata"].get("finalizers"):
            if pod["status"]["phase"] not in pod_status.ENDED:
                when = self.cluster.store.stamp()
                self.cluster.change(where, lambda fresh: pod_status.fail(fresh, when, "", ""))
            return self._mark(where, grace)
        self._mark(where, grace)
        return self.remove(where)

    def _mark(self, where: Place, grace: float, add: str = "") -> Object:
        """Say in an object that it is being deleted."""
        when = stamp(self.cluster.now() + timedelta(seconds=min(grace, 1e6)))

        def marked(fresh: Object) -> None:
            meta = fresh["metadata"]
            meta.setdefault("deletionTimestamp", when)
            meta.setdefault("deletionGracePeriodSeconds", int(grace))
            if add and add not in meta.get("finalizers", []):
                meta["finalizers"] = [*meta.get("finalizers", []), add]

        return self.cluster.change(where, marked)

    def remove(self, where: Place) -> Object:
        """Take an object out, and what it owns with it; who waited for that is deleted too."""
        pod = self.cluster.store.objects[where]
        if where[0] == "pods":
            self.kubelet.stop_all(pod["metadata"]["uid"])
            if pod["metadata"].get("finalizers"):
                when = self.cluster.store.stamp()
                return self.cluster.change(where, lambda fresh: pod_status.fail(fresh, when, "", ""))
        last = self.cluster.store.remove(where)
        uid = last["metadata"]["uid"]
        if where[0] == "pods":
            self.kubelet.forget(uid)
            self.gone(last)
        for each in self._owned(last):
            if each in self.cluster.store.objects and not self._has_other_owner(each, uid):
                self.delete(each, Options(BACKGROUND))
        for reference in last["metadata"].get("ownerReferences") or []:
            self._settle_uid(reference["uid"])
        return last

    def settle(self, where: Place) -> Object | None:
        """An object that was to be deleted may have lost its last finalizer."""
        value = self.cluster.store.get(where)
        meta = value["metadata"] if value is not None else {}
        if value is None or not meta.get("deletionTimestamp") or meta.get("finalizers"):
            return None
        if where[0] == "pods" and self.kubelet.busy(meta["uid"]):
            return None
        return self.remove(where)

    def _settle_uid(self, uid: str) -> None:
        for where, value in list(self.cluster.store.objects.items()):
            if value["metadata"]["uid"] == uid and _WAITS in value["metadata"].get("finalizers", []):
                self._settle(where)

    def _settle(self, where: Place) -> Object | None:
        """Let go of an owner that waits for what it owns, if nothing of that is left."""
        value = self.cluster.store.get(where)
        if value is None or _WAITS not in value["metadata"].get("finalizers", []):
            return value
        if any(self._blocks(each, value) for each in self._owned(value)):
            return value

        def freed(fresh: Object) -> None:
            left = [each for each in fresh["metadata"]["finalizers"] if each != _WAITS]
            fresh["metadata"]["finalizers"] = left
            if not left:
                del fresh["metadata"]["finalizers"]

        value = self.cluster.change(where, freed)
        return value if value["metadata"].get("finalizers") else self.remove(where)

    def _blocks(self, where: Place, owner: Object) -> bool:
        references = self.cluster.store.objects[where]["metadata"].get("ownerReferences") or []
        return any(each["uid"] == owner["metadata"]["uid"] and each.get("blockOwnerDeletion") for each in references)

    def _owned(self, value: Object) -> list[Place]:
        uid = value["metadata"]["uid"]
        return [
            where
            for where, each in self.cluster.store.objects.items()
            if any(one["uid"] == uid for one in each["metadata"].get("ownerReferences") or [])
        ]

    def _has_other_owner(self, where: Place, uid: str) -> bool:
        owners = {each["uid"] for each in self.cluster.store.objects[where]["metadata"].get("ownerReferences") or []}
        living = {each["metadata"]["uid"] for each in self.cluster.store.objects.values()}
        return bool((owners - {uid}) & living)

    def _orphan(self, value: Object) -> None:
        uid = value["metadata"]["uid"]

        def freed(fresh: Object) -> None:
            left = [each for each in fresh["metadata"]["ownerReferences"] if each["uid"] != uid]
            fresh["metadata"]["ownerReferences"] = left
            if not left:
                del fresh["metadata"]["ownerReferences"]

        for each in self._owned(value):
            self.cluster.change(each, freed)
