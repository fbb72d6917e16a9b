"""The Job controller: a Job has its pods at once, and their ends make its own."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytest_dagguard.cloud.kubernetes_api import failure_policy, pod_status
from pytest_dagguard.cloud.kubernetes_api.cluster import SERVICE, Cluster
from pytest_dagguard.cloud.kubernetes_api.kinds import Object, Place
from pytest_dagguard.model.errors import NotEmulated

_BACK_OFF, _LONGEST = 10.0, 600.0


_UNKNOWN = ("successPolicy", "backoffLimitPerIndex", "maxFailedIndexes")
"""Fields of a Job's spec that would have it end otherwise than it does here."""


def check(job: Object) -> None:
    """Refuse a Job that would not be carried out as it says.

    :raises NotEmulated: it has one of :data:`_UNKNOWN`, or a policy with an action that is not known here
    """
    spec = job.get("spec")
    for rule in failure_policy.rules(spec):
        if rule.get("action") not in failure_policy.ACTIONS:
            known = ", ".join(failure_policy.ACTIONS)
            what = f"a Job with podFailurePolicy {rule.get('action')}"
            raise NotEmulated(SERVICE, what, f"the actions {known} are emulated")
    for field in _UNKNOWN:
        if isinstance(spec, dict) and spec.get(field):
            why = "Jobs that end by completions, backoffLimit, podFailurePolicy and activeDeadlineSeconds are emulated"
            raise NotEmulated(SERVICE, f"a Job with {field}", why)


@dataclass(slots=True)
class Jobs:
    """Carries out the Jobs of a cluster.

    :param create: makes a pod in a namespace
    :param delete: deletes an object, as somebody who asks for it does
    """

    cluster: Cluster
    create: Callable[[str, Object], Object]
    delete: Callable[[Place], None]

    def created(self, job: Object) -> None:
        """A Job is there."""
        where = _where(job)
        when = self.cluster.store.stamp()
        if not job["spec"]["suspend"]:
            self.cluster.change(where, lambda fresh: fresh["status"].update(startTime=when))
            limit = job["spec"].get("activeDeadlineSeconds")
            if limit is not None:
                self.cluster.alarm(float(limit), "job-deadline", *where, job["metadata"]["uid"])
        self.sync(where)

    def ring(self, what: str, where: Place, uid: str) -> None:
        """An alarm about a Job."""
        job = self.cluster.store.get(where)
        if job is None or job["metadata"]["uid"] != uid:
            return
        if what == "job-expired":
            self.delete(where)
        elif what == "job-deadline" and not is_finished(job):
            self._fail(where, "DeadlineExceeded", "Job was active longer than specified deadline")
        elif what == "job-sync":
            self.sync(where)

    def pod_changed(self, pod: Object, gone: bool = False) -> None:
        """A pod has ended or was deleted; it may be one of a Job's."""
        job = self._owner(pod)
        uid = pod["metadata"]["uid"]
        ended = pod["status"]["phase"] in pod_status.ENDED
        if job is None or uid in self.cluster.store.counted or not (ended or gone):
            return
        self.cluster.store.counted[uid] = job["metadata"]["uid"]
        where = _where(job)
        field = "succeeded" if pod["status"]["phase"] == "Succeeded" else "failed"
        rule = failure_policy.match(job, pod) if field == "failed" else None
        if not is_finished(job) and (rule is None or rule.action != failure_policy.IGNORE):
            self.cluster.change(where, lambda fresh: fresh["status"].update({field: fresh["status"].get(field, 0) + 1}))
        if rule is not None and rule.action == failure_policy.FAIL_JOB and not is_finished(job):
            self._fail(where, "PodFailurePolicy", rule.message)
        else:
            self.sync(where, failed=field == "failed")

    def _owner(self, pod: Object) -> Object | None:
        for each in pod["metadata"].get("ownerReferences") or []:
            if each.get("kind") == "Job" and each.get("controller"):
                job = self.cluster.store.get(("jobs.batch", pod["metadata"]["namespace"], each["name"]))
                if job is not None and job["metadata"]["uid"] == each["uid"]:
                    return job
        return None

    def pods(self, job: Object, leaving: bool = False) -> list[Object]:
        """The pods of a Job that have not ended and are not being deleted.

        :param leaving: those that are being deleted and have not ended instead
        """
        found = []
        for _, pod in self.cluster.store.among("pods", job["metadata"]["namespace"]):
            ended = pod["status"]["phase"] in pod_status.ENDED
            if bool(pod["metadata"].get("deletionTimestamp")) != leaving:
                continue
            if not ended and (owner := self._owner(pod)) and owner["metadata"]["uid"] == job["metadata"]["uid"]:
                found.append(pod)
        return found

    def sync(self, where: Place, failed: bool = False) -> None:
        """Bring a Job nearer to what its spec says.

        :param failed: a pod of it has just failed: the next one comes after a while
        """
        job = self.cluster.store.get(where)
        if job is None or is_finished(job) or job["metadata"].get("deletionTimestamp"):
            return
        spec, status = job["spec"], job["status"]
        active = self.pods(job)
        done, bad = status.get("succeeded", 0), status.get("failed", 0)
        completions = spec.get("completions")
        if bad > spec["backoffLimit"]:
            self._fail(where, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
            return
        if (completions is None and done and not active) or (completions is not None and done >= completions):
            self._complete(where)
            return
        wanted = spec["parallelism"] if completions is None else min(spec["parallelism"], completions - done)
        if completions is None and done:
            wanted = len(active)
        if spec["suspend"]:
            wanted = 0
        if spec["podReplacementPolicy"] == "Failed":
            wanted -= len(self.pods(job, leaving=True))
        if failed and len(active) < wanted:
            delay = min(_LONGEST, _BACK_OFF * 2 ** max(0, bad - 1))
            self.cluster.alarm(delay, "job-sync", *where, job["metadata"]["uid"])
        else:
            self._make(job, max(0, wanted - len(active)))
        self._count(where)

    def _count(self, where: Place) -> None:
        job = self.cluster.store.objects[where]
        active = self.pods(job)
        ready = sum(each["status"]["phase"] == "Running" for each in active)

        def counted(fresh: Object) -> None:
            fresh["status"] |= {"active": len(active), "ready": ready, "terminating": 0, "uncountedTerminatedPods": {}}
            if not active:
                del fresh["status"]["active"]

        self.cluster.change(where, counted)

    def _make(self, job: Object, count: int) -> None:
        meta, spec = job["metadata"], job["spec"]
        taken = self._indexes(job)
        for _ in range(min(count, 100)):
            template = copy.deepcopy(spec["template"])
            own = {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "name": meta["name"],
                "uid": meta["uid"],
                "controller": True,
                "blockOwnerDeletion": True,
            }
            index = next(each for each in range(len(taken) + 1) if each not in taken)
            prefix = f"{meta['name']}-"
            if spec["completionMode"] == "Indexed":
                taken.add(index)
                prefix = f"{meta['name']}-{index}-"
                _indexed(template, index)
            pod = {
                "metadata": {**template["metadata"], "generateName": prefix, "ownerReferences": [own]},
                "spec": template["spec"],
            }
            pod["metadata"].pop("name", None)
            made = self.create(meta["namespace"], pod)
            message = f"Created pod: {made['metadata']['name']}"
            self.cluster.event(job, "SuccessfulCreate", message, by="job-controller")

    def _indexes(self, job: Object) -> set[int]:
        """The indexes that have a pod that runs or has succeeded."""
        found = set()
        for _, pod in self.cluster.store.among("pods", job["metadata"]["namespace"]):
            index = (pod["metadata"].get("annotations") or {}).get("batch.kubernetes.io/job-completion-index")
            owner = self._owner(pod)
            own = owner is not None and owner["metadata"]["uid"] == job["metadata"]["uid"]
            if own and str(index).isdigit() and pod["status"]["phase"] != "Failed":
                found.add(int(str(index)))
        return found

    def _complete(self, where: Place) -> None:
        message = "Reached expected number of succeeded pods"
        self._end(where, [("SuccessCriteriaMet", "CompletionsReached"), ("Complete", "CompletionsReached")], message)
        when = self.cluster.store.stamp()
        job = self.cluster.change(where, lambda fresh: fresh["status"].update(completionTime=when))
        self.cluster.event(job, "Completed", "Job completed", by="job-controller")

    def _fail(self, where: Place, reason: str, message: str) -> None:
        for pod in self.pods(self.cluster.store.objects[where]):
            self.cluster.store.counted[pod["metadata"]["uid"]] = "ended with its job"
            self.delete(("pods", pod["metadata"]["namespace"], pod["metadata"]["name"]))
        self._end(where, [("FailureTarget", reason), ("Failed", reason)], message)
        self.cluster.event(self.cluster.store.objects[where], reason, message, "Warning", "job-controller")

    def _end(self, where: Place, conditions: list[tuple[str, str]], message: str) -> None:
        when = self.cluster.store.stamp()
        listed = [
            {
                "type": kind,
                "status": "True",
                "lastProbeTime": when,
                "lastTransitionTime": when,
                "reason": reason,
                "message": message,
            }
            for kind, reason in conditions
        ]

        def ended(fresh: Object) -> None:
            fresh["status"].pop("active", None)
            fresh["status"] |= {"ready": 0, "terminating": 0, "uncountedTerminatedPods": {}, "conditions": listed}

        job = self.cluster.change(where, ended)
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        if ttl is not None:
            self.cluster.alarm(float(ttl), "job-expired", *where, job["metadata"]["uid"])


def is_finished(job: Object) -> bool:
    """Whether a Job is complete or has failed."""
    return any(
        each["type"] in ("Complete", "Failed") and each["status"] == "True"
        for each in job["status"].get("conditions") or []
    )


def _indexed(template: Object, index: int) -> None:
    annotations = dict(template["metadata"].get("annotations") or {})
    annotations["batch.kubernetes.io/job-completion-index"] = str(index)
    template["metadata"]["annotations"] = annotations
    for each in template["spec"]["containers"]:
        extra: list[Any] = [{"name": "JOB_COMPLETION_INDEX", "value": str(index)}]
        each["env"] = [*(each.get("env") or []), *extra]


def _where(job: Object) -> Place:
    return "jobs.batch", job["metadata"]["namespace"], job["metadata"]["name"]
