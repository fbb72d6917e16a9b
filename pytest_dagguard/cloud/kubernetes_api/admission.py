"""What an object has to be to be taken, and what the server fills in."""

from __future__ import annotations

import copy
import re
from typing import Any

from pytest_dagguard.cloud.kubernetes_api import spark
from pytest_dagguard.cloud.kubernetes_api.failure import Refused, invalid
from pytest_dagguard.cloud.kubernetes_api.kinds import POD, SPARK, Kind, Object
from pytest_dagguard.cloud.kubernetes_api.store import new_uid, suffix

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
_RULE = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'"
SYSTEM = ("uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")


def identify(kind: Kind, body: Object, namespace: str, when: str) -> Object:
    """A copy of what was posted, as an object with a name, a uid and a time.

    :raises Refused: it does not belong where it was posted, or has no proper name
    """
    value = shaped(kind, body, namespace)
    meta = value["metadata"]
    if meta.get("resourceVersion"):
        raise Refused(400, "resourceVersion should not be set on objects to be created")
    name = meta.get("name")
    if not name and isinstance(meta.get("generateName"), str) and meta["generateName"]:
        name = meta["name"] = meta["generateName"][:58] + suffix()
    if not name:
        raise invalid(kind, "", "metadata.name", "Required value: name or generateName is required")
    check_meta(kind, value)
    meta.update(uid=new_uid(), creationTimestamp=when)
    for gone in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields", "generation"):
        meta.pop(gone, None)
    return value


def shaped(kind: Kind, body: Object, namespace: str) -> Object:
    """A copy of an object that was sent, with its type, its metadata and its namespace.

    :raises Refused: 400, it says that it is of another type, or lives elsewhere
    """
    said = (body.get("apiVersion", kind.api_version), body.get("kind", kind.name))
    if said[0] != kind.api_version or (kind.name and said[1] != kind.name) or not isinstance(said[1], str):
        raise Refused(
            400,
            f"the API version in the data ({said[0]}, {said[1]}) does not match the expected API version "
            f"({kind.api_version}, {kind.name or 'its own kind'})",
        )
    if not kind.name and not said[1]:
        raise Refused(400, "Object 'Kind' is missing")
    meta = body.get("metadata")
    if meta is None:
        meta = {}
    if not isinstance(meta, dict):
        raise Refused(400, "metadata must be an object")
    for part in ("spec", "status"):
        if part in body and not isinstance(body[part], dict) and not kind.custom:
            raise Refused(400, f"{part} must be an object")
    meta = {name: copy.deepcopy(each) for name, each in meta.items() if each is not None}
    if kind.namespaced:
        if meta.get("namespace", namespace) != namespace:
            raise Refused(400, "the namespace of the provided object does not match the namespace sent on the request")
        meta["namespace"] = namespace
    else:
        meta.pop("namespace", None)
    rest = {name: copy.deepcopy(each) for name, each in body.items() if name not in ("apiVersion", "kind", "metadata")}
    return {"kind": said[1], "apiVersion": kind.api_version, "metadata": meta, **rest}


def check_meta(kind: Kind, value: Object) -> None:
    """Refuse names, labels and annotations that are none."""
    meta = value["metadata"]
    name = meta.get("name")
    if not isinstance(name, str) or len(name) > 253 or not _name_fits(kind, name):
        raise invalid(kind, str(name), "metadata.name", f'Invalid value: "{name}": {_RULE}')
    for field in ("labels", "annotations"):
        found = meta.get(field)
        if found is None:
            continue
        if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
            raise Refused(400, f"metadata.{field} must be a map of strings to strings")
        for key, text in found.items():
            if not _LABEL_KEY.fullmatch(key if field == "labels" else key.lower()):
                raise invalid(
                    kind, name, f"metadata.{field}", f'Invalid value: "{key}": name part must be a qualified name'
                )
            if field == "labels" and not _LABEL.fullmatch(text):
                why = f'Invalid value: "{text}": a valid label must be an empty string or consist of alphanumerics'
                raise invalid(kind, name, "metadata.labels", why)
    finalizers, owners = meta.get("finalizers", []), meta.get("ownerReferences", [])
    if not isinstance(finalizers, list) or not all(isinstance(each, str) for each in finalizers):
        raise Refused(400, "metadata.finalizers must be a list of strings")
    wanted = ("apiVersion", "kind", "name", "uid")
    if not isinstance(owners, list) or not all(
        isinstance(each, dict) and all(isinstance(each.get(field), str) for field in wanted) for each in owners
    ):
        raise invalid(kind, name, "metadata.ownerReferences", "each needs apiVersion, kind, name and uid")
    if "managedFields" in meta and not isinstance(meta["managedFields"], list):
        raise Refused(400, "metadata.managedFields must be a list")


def _name_fits(kind: Kind, name: str) -> bool:
    if kind.group.startswith("rbac."):
        return bool(name) and "/" not in name and "%" not in name and name not in (".", "..")
    if kind.name == "Namespace" and "." in name:
        return False
    return _NAME.fullmatch(name) is not None


def keep_system(current: Object, value: Object) -> None:
    """What a client cannot change stays, whatever it sent."""
    old, new = current["metadata"], value["metadata"]
    for name in (*SYSTEM, "generation", "name", "namespace"):
        if name in old:
            new[name] = old[name]
        else:
            new.pop(name, None)


def defaults(kind: Kind, value: Object) -> None:
    """Fill in what the server fills in.

    :raises Refused: 422, something that it needs is not there
    """
    name = value["metadata"]["name"]
    if kind.key == "pods":
        pod_spec(kind, name, value.get("spec"), "spec", "Always")
    elif kind.key == "jobs.batch":
        _job(kind, name, value)
    elif kind.key == "namespaces":
        value.setdefault("spec", {"finalizers": ["kubernetes"]})
        value["status"] = {"phase": "Active"}
        labels = value["metadata"].setdefault("labels", {})
        labels["kubernetes.io/metadata.name"] = name
    elif kind.key == "secrets":
        _secret(kind, name, value)
    elif kind.key == "configmaps":
        _strings(kind, name, value.get("data"), "data")
    elif kind.key == "events":
        _event(kind, name, value)
    elif kind.key == SPARK.key:
        _application(kind, name, value)


def _application(kind: Kind, name: str, value: Object) -> None:
    """A Spark application can be started only if its driver's pod can be."""
    found = value.get("spec")
    spec: Object = found if isinstance(found, dict) else {}
    for field in ("driver", "executor"):
        if not isinstance(spec.get(field), dict):
            raise invalid(kind, name, f"spec.{field}", "Required value")
    for field in ("arguments", "volumes"):
        if not isinstance(spec.get(field), list | None):
            raise Refused(400, f"spec.{field} must be a list")
    if not isinstance(value.get("status"), dict | None):
        raise Refused(400, "status must be an object")
    for field in ("labels", "annotations"):
        if not isinstance(spec["driver"].get(field), dict | None):
            raise Refused(400, f"spec.driver.{field} must be a map of strings to strings")
    pod = identify(POD, spark.driver(value), value["metadata"]["namespace"], "")
    defaults(POD, pod)


def _secret(kind: Kind, name: str, value: Object) -> None:
    import base64

    plain = value.pop("stringData", None)
    _strings(kind, name, plain, "stringData")
    _strings(kind, name, value.get("data"), "data")
    if plain:
        coded = {key: base64.b64encode(text.encode()).decode() for key, text in plain.items()}
        value["data"] = {**(value.get("data") or {}), **coded}
    value.setdefault("type", "Opaque")


def _strings(kind: Kind, name: str, found: Any, field: str) -> None:
    if found is not None and not (isinstance(found, dict) and all(isinstance(each, str) for each in found.values())):
        raise Refused(400, f"{field} must be a map of strings to strings")


def _event(kind: Kind, name: str, value: Object) -> None:
    if not isinstance(value.get("involvedObject"), dict):
        raise invalid(kind, name, "involvedObject", "Required value")
    value.setdefault("source", {})
    value.setdefault("type", "Normal")
    value.setdefault("eventTime", None)
    value.setdefault("reportingComponent", "")
    value.setdefault("reportingInstance", "")


def pod_spec(kind: Kind, name: str, spec: Any, at: str, restart: str) -> None:
    """Defaults of a pod's spec, or of a template's."""
    if not isinstance(spec, dict) or not isinstance(spec.get("containers"), list) or not spec["containers"]:
        raise invalid(kind, name, f"{at}.containers", "Required value")
    seen: set[str] = set()
    for group in ("initContainers", "containers"):
        found = spec.get(group) or []
        if not isinstance(found, list):
            raise Refused(400, f"{at}.{group} must be a list")
        for number, each in enumerate(found):
            _container(kind, name, each, f"{at}.{group}[{number}]", seen)
    filled: Object = {
        "restartPolicy": restart,
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "serviceAccountName": "default",
        "enableServiceLinks": True,
    }
    for field, value in filled.items():
        if spec.get(field) is None:
            spec[field] = value
    if spec["restartPolicy"] not in ("Always", "OnFailure", "Never"):
        raise invalid(kind, name, f"{at}.restartPolicy", f'Unsupported value: "{spec["restartPolicy"]}"')
    for field in ("terminationGracePeriodSeconds", "activeDeadlineSeconds"):
        if field in spec and (isinstance(spec[field], bool) or not isinstance(spec[field], int | None)):
            raise Refused(400, f"{at}.{field} must be a whole number")
    spec.setdefault("serviceAccount", spec["serviceAccountName"])


def _container(kind: Kind, name: str, each: Any, at: str, seen: set[str]) -> None:
    if not isinstance(each, dict):
        raise Refused(400, f"{at} must be an object")
    own = each.get("name")
    if not isinstance(own, str) or not own or not _NAME.fullmatch(own) or "." in own:
        raise invalid(kind, name, f"{at}.name", "Required value" if not own else f'Invalid value: "{own}"')
    if own in seen:
        raise invalid(kind, name, f"{at}.name", f'Duplicate value: "{own}"')
    seen.add(own)
    if not isinstance(each.get("image"), str) or not each["image"].strip():
        raise invalid(kind, name, f"{at}.image", "Required value")
    for field in ("env", "volumeMounts", "command", "args"):
        if not isinstance(each.get(field), list | None):
            raise Refused(400, f"{at}.{field} must be a list")
    tag = each["image"].rpartition("/")[2]
    latest = "@" not in tag and (":" not in tag or tag.endswith(":latest"))
    filled: Object = {
        "imagePullPolicy": "Always" if latest else "IfNotPresent",
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "resources": {},
    }
    for field, value in filled.items():
        if each.get(field) is None:
            each[field] = value


def _job(kind: Kind, name: str, value: Object) -> None:
    spec = value.get("spec")
    if not isinstance(spec, dict) or not isinstance(spec.get("template"), dict):
        raise invalid(kind, name, "spec.template", "Required value")
    template = spec["template"]
    meta = template.get("metadata")
    template["metadata"] = meta = dict(meta) if isinstance(meta, dict) else {}
    pod_spec(kind, name, template.get("spec"), "spec.template.spec", "Always")
    if template["spec"]["restartPolicy"] == "Always":
        raise invalid(
            kind, name, "spec.template.spec.restartPolicy", 'Required value: valid values: "OnFailure", "Never"'
        )
    numbers = {"parallelism": 1, "backoffLimit": 6}
    if spec.get("completions") is None and spec.get("parallelism") is None:
        numbers["completions"] = 1
    for field, number in numbers.items():
        if spec.get(field) is None:
            spec[field] = number
    for field in ("parallelism", "backoffLimit", "completions", "activeDeadlineSeconds", "ttlSecondsAfterFinished"):
        found = spec.get(field)
        if found is not None and (not isinstance(found, int) or isinstance(found, bool) or found < 0):
            raise invalid(kind, name, f"spec.{field}", f"Invalid value: {found!r}: must be greater than or equal to 0")
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    policy = spec.get("podFailurePolicy")
    if policy is not None and template["spec"]["restartPolicy"] != "Never":
        field = "spec.template.spec.restartPolicy"
        raise invalid(kind, name, field, 'Invalid value: "OnFailure": only "Never" is supported with podFailurePolicy')
    spec.setdefault("podReplacementPolicy", "TerminatingOrFailed" if policy is None else "Failed")
    if not spec.get("manualSelector"):
        uid = value["metadata"].get("uid", "")
        own = {"batch.kubernetes.io/controller-uid": uid, "controller-uid": uid}
        own |= {"batch.kubernetes.io/job-name": name, "job-name": name}
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
        labels = meta.get("labels")
        meta["labels"] = {**(labels if isinstance(labels, dict) else {}), **own}


def unchangeable(kind: Kind, current: Object, value: Object) -> None:
    """Refuse a change of what cannot be changed.

    :raises Refused: 422
    """
    name = value["metadata"]["name"]
    if kind.key == "pods":
        if _frozen_pod(current["spec"]) != _frozen_pod(value.get("spec")):
            why = "Forbidden: pod updates may not change fields other than `spec.containers[*].image`, "
            raise invalid(kind, name, "spec", why + "`spec.activeDeadlineSeconds`, `spec.tolerations`")
    elif kind.key == "jobs.batch":
        old, new = current["spec"], value.get("spec") or {}
        for field in ("selector", "template", "completions"):
            if old.get(field) != new.get(field):
                raise invalid(kind, name, f"spec.{field}", "Invalid value: field is immutable")
    elif current.get("immutable") and current.get("data") != value.get("data"):
        raise invalid(kind, name, "data", "Forbidden: field is immutable when `immutable` is set")


def _frozen_pod(spec: Any) -> Any:
    if not isinstance(spec, dict):
        return spec
    loose = {"activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates", "nodeName"}
    rest = {name: each for name, each in spec.items() if name not in loose}
    for group in ("containers", "initContainers"):
        if isinstance(rest.get(group), list):
            rest[group] = [
                {name: each for name, each in one.items() if name != "image"} if isinstance(one, dict) else one
                for one in rest[group]
            ]
    return rest
