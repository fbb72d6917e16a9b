"""The status of a pod, as a value: what its containers are doing, and what that makes of the whole."""

from __future__ import annotations

import hashlib
from typing import Any

from pytest_dagguard.cloud.kubernetes_api.kinds import Object

ENDED = ("Succeeded", "Failed")
SIDECAR = "airflow-xcom-sidecar"


def containers(pod: Object, init: bool = False) -> list[Object]:
    """The containers of a pod's spec."""
    found: list[Object] = pod["spec"].get("initContainers" if init else "containers") or []
    return found


def spec_of(pod: Object, name: str) -> Object | None:
    """A container's spec by its name; without a name the first one's."""
    if not name:
        return containers(pod)[0]
    return next((each for each in [*containers(pod), *containers(pod, True)] if each["name"] == name), None)


def status_of(pod: Object, name: str) -> Object | None:
    """A container's status; None as long as it has none."""
    status = pod.get("status") or {}
    both = [*(status.get("containerStatuses") or []), *(status.get("initContainerStatuses") or [])]
    return next((each for each in both if each["name"] == name), None)


def state_of(pod: Object, name: str) -> tuple[str, Object]:
    """``waiting``, ``running`` or ``terminated``, and what is said of it."""
    found = status_of(pod, name)
    for state, detail in (found or {}).get("state", {}).items():
        return state, detail
    return "waiting", {"reason": "ContainerCreating"}


def is_restartable(container: Object) -> bool:
    """Whether an init container is a sidecar, which runs beside the others."""
    return container.get("restartPolicy") == "Always"


def pending(pod: Object) -> Object:
    """The status of a pod that was just made."""
    return {"phase": "Pending", "qosClass": quality(pod)}


def quality(pod: Object) -> str:
    """The class of service that its resources give it."""
    asked = []
    for each in [*containers(pod), *containers(pod, True)]:
        resources = each.get("resources")
        resources = resources if isinstance(resources, dict) else {}
        asked.append((resources.get("limits") or {}, resources.get("requests") or {}))
    if not any(limits or requests for limits, requests in asked):
        return "BestEffort"
    if all(isinstance(a, dict) and {"cpu", "memory"} <= a.keys() and (not b or a == b) for a, b in asked):
        return "Guaranteed"
    return "Burstable"


def bind(pod: Object, node: str, when: str) -> None:
    """The scheduler has found a node."""
    pod["spec"]["nodeName"] = node
    status = pod["status"]
    status["startTime"] = when
    number = int(hashlib.blake2b(pod["metadata"]["uid"].encode(), digest_size=2).hexdigest(), 16)
    address = f"10.1.{number >> 8}.{number & 255}"
    status |= {"hostIP": "10.0.0.1", "hostIPs": [{"ip": "10.0.0.1"}], "podIP": address, "podIPs": [{"ip": address}]}
    for group, init in (("initContainerStatuses", True), ("containerStatuses", False)):
        waits = "PodInitializing" if containers(pod, True) else "ContainerCreating"
        listed = [_fresh(each, waits) for each in containers(pod, init)]
        if listed:
            status[group] = listed
    condition(pod, "PodScheduled", True, when)


def _fresh(container: Object, reason: str) -> Object:
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": False,
        "started": False,
        "restartCount": 0,
        "state": {"waiting": {"reason": reason}},
        "lastState": {},
    }


def set_state(pod: Object, name: str, state: str, **detail: Any) -> None:
    """Say what a container does from now on."""
    found = status_of(pod, name)
    assert found is not None
    before = found["state"]
    if state == "running":
        found |= {
            "imageID": f"docker.io/{found['image']}@sha256:" + hashlib.sha256(found["image"].encode()).hexdigest(),
            "containerID": _container_id(pod, name, found["restartCount"]),
        }
    if state == "terminated":
        detail["containerID"] = found.get("containerID", "")
        if "running" in before:
            detail.setdefault("startedAt", before["running"]["startedAt"])
    if "terminated" in before:
        found["lastState"] = before
    found["state"] = {state: detail}
    found["ready"] = found["started"] = state == "running"
    if state == "terminated" and name in [each["name"] for each in containers(pod, True)]:
        found["ready"] = detail["exitCode"] == 0


def _container_id(pod: Object, name: str, restarts: int) -> str:
    text = f"{pod['metadata']['uid']}/{name}/{restarts}"
    return "containerd://" + hashlib.sha256(text.encode()).hexdigest()


def condition(pod: Object, kind: str, true: bool, when: str, reason: str = "", message: str = "") -> None:
    """Set one of the conditions."""
    listed = pod["status"].setdefault("conditions", [])
    value = {"type": kind, "status": "True" if true else "False", "lastProbeTime": None, "lastTransitionTime": when}
    if reason:
        value["reason"] = reason
    if message:
        value["message"] = message
    for at, each in enumerate(listed):
        if each["type"] == kind:
            if each["status"] == value["status"]:
                value["lastTransitionTime"] = each["lastTransitionTime"]
            listed[at] = value
            return
    listed.append(value)


def settle(pod: Object, when: str) -> None:
    """Make phase and conditions what the containers' states say, in one go with them."""
    status = pod["status"]
    mains = [status_of(pod, each["name"]) or {} for each in containers(pod)]
    policy = pod["spec"]["restartPolicy"]
    ended = [each["state"]["terminated"]["exitCode"] for each in mains if "terminated" in each.get("state", {})]
    initialized = _initialized(pod)
    if len(ended) == len(mains) and policy != "Always":
        status["phase"] = "Failed" if any(ended) else "Succeeded"
    elif (initialized and any(each.get("state", {}).keys() & {"running", "terminated"} for each in mains)) or any(
        "waiting" in each.get("state", {}) and each.get("restartCount") for each in mains
    ):
        status["phase"] = "Running"
    else:
        status["phase"] = "Pending"
    done = "PodCompleted" if status["phase"] == "Succeeded" else ""
    unready = [each["name"] for each in mains if not each.get("ready")]
    why = ("", "") if not unready else (done or "ContainersNotReady", f"containers with unready status: {unready}")
    if done:
        why = (done, "")
    condition(pod, "PodReadyToStartContainers", status["phase"] not in ENDED, when)
    condition(pod, "Initialized", initialized, when, done if initialized else "ContainersNotInitialized")
    condition(pod, "Ready", not unready, when, *why)
    condition(pod, "ContainersReady", not unready, when, *why)


def _initialized(pod: Object) -> bool:
    for each in containers(pod, True):
        state, detail = state_of(pod, each["name"])
        if is_restartable(each):
            if state == "waiting":
                return False
        elif state != "terminated" or detail["exitCode"]:
            return False
    return True


def fail(pod: Object, when: str, reason: str, message: str, code: int = 137) -> None:
    """Everything in the pod has ended, and not by itself."""
    for each in [*containers(pod), *containers(pod, True)]:
        state, _ = state_of(pod, each["name"])
        if state != "terminated" and status_of(pod, each["name"]) is not None:
            set_state(pod, each["name"], "terminated", exitCode=code, reason="Error", startedAt=when, finishedAt=when)
    pod["status"]["phase"] = "Failed"
    if reason:
        pod["status"]["reason"] = reason
        pod["status"]["message"] = message
    for kind in ("Ready", "ContainersReady"):
        condition(pod, kind, False, when, "PodFailed")
