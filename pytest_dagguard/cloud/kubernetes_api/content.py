"""What of an object is state: what somebody wanted and how it ended, without when, where and by which try."""

from __future__ import annotations

import json
from typing import Any

from pytest_dagguard.cloud.kubernetes_api import spark
from pytest_dagguard.cloud.kubernetes_api.kinds import SPARK, Object, Place

# The cluster's own, or a record of how an object came about.
_ANNOTATIONS = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})
# Which try made a pod is no content of it: a retry that leaves one pod as a clean run does has done what it should.
_LABELS = frozenset({"try_number", "controller-uid", "batch.kubernetes.io/controller-uid"})
_NOT_STATE = frozenset({"events", "nodes", "endpoints"})
_KINDS = {"pods": "pod", "jobs.batch": "k8s-job", SPARK.key: "k8s-job"}
_TIMES = frozenset({"renewTime", "acquireTime", "nodeName", "lastTransitionTime", "lastProbeTime", "startTime"})


def kind_of(place: Place, value: Object) -> str:
    """The word for its kind in a state; empty for what is no state."""
    if place[0] in _NOT_STATE:
        return ""
    return _KINDS.get(place[0]) or str(value.get("kind", "")).lower() or place[0]


def content(place: Place, value: Object) -> bytes:
    """What the oracle compares, as JSON. The name is not in it: that is what it is kept under."""
    meta = value["metadata"]
    kept: Object = {
        "labels": {name: each for name, each in (meta.get("labels") or {}).items() if name not in _LABELS},
        "annotations": {
            name: each for name, each in (meta.get("annotations") or {}).items() if name not in _ANNOTATIONS
        },
    }
    if meta.get("deletionTimestamp"):
        kept["deleting"] = True
    for name, each in value.items():
        if name not in ("metadata", "status", "kind", "apiVersion"):
            kept[name] = _without(each)
    if place[0] == "pods":
        kept["status"] = _ends(value)
    elif place[0] == "jobs.batch":
        kept["spec"].pop("selector", None)
        labels = (kept["spec"].get("template") or {}).get("metadata", {}).get("labels") or {}
        for name in _LABELS & labels.keys():
            del labels[name]
        kept["status"] = _counts(value)
    elif place[0] == SPARK.key:
        kept["status"] = _application(value)
    elif isinstance(value.get("status"), dict):
        kept["status"] = _without(value["status"])
    return json.dumps(kept, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _ends(pod: Object) -> Object:
    """A pod's phase and how its containers have ended."""
    status = pod.get("status") or {}
    codes = {
        each["name"]: each["state"]["terminated"]["exitCode"]
        for each in status.get("containerStatuses") or []
        if "terminated" in (each.get("state") or {})
    }
    return {"phase": status.get("phase"), "reason": status.get("reason"), "codes": codes}


def _counts(job: Object) -> Object:
    status = job.get("status") or {}
    ended = [each["type"] for each in status.get("conditions") or [] if each.get("status") == "True"]
    # pods that failed and were replaced are the Job's own affair
    counted = ("active", "succeeded") if "Complete" in ended else ("active", "succeeded", "failed")
    return {**{name: status.get(name, 0) for name in counted}, "conditions": sorted(ended)}


def _application(value: Object) -> Object:
    """A Spark application's state; its ids follow from its own."""
    state = spark.state_of(value)
    return {"state": state, "active": int(state in ("", "SUBMITTED", "RUNNING"))}


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without(each) for name, each in value.items() if name not in _TIMES}
    return [_without(each) for each in value] if isinstance(value, list) else value
