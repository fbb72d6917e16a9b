"""What a container is to the process that is begun for it: its environment and its files."""

from __future__ import annotations

import base64
import os
import re
from typing import Any

from pytest_dagguard.cloud.kubernetes_api.cluster import NODE_NAME, SERVICE, Cluster
from pytest_dagguard.cloud.kubernetes_api.kinds import Object
from pytest_dagguard.cloud.kubernetes_api.volumes import Volumes
from pytest_dagguard.model.life import Birth

_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_.][A-Za-z0-9_.-]*)\)")
_SUFFIX = re.compile(r"-(?:[a-z0-9]{5}|[a-z0-9]{8,10})(?=-driver$|$)")


def birth(cluster: Cluster, pod: Object, container: Object, behaviour: str, volumes: Volumes) -> Birth:
    """The process that is to be begun for a container.

    Its name has no part of the pod's that is random, so that it is the same when the experiment is repeated.
    """
    meta = pod["metadata"]
    title = f"pod {meta['namespace']}/{stem(meta['name'])}"
    if container["name"] != pod["spec"]["containers"][0]["name"]:
        title += f"/{container['name']}"
    number = cluster.store.births.get(title, 0) + 1
    cluster.store.births[title] = number
    environment = variables(cluster, pod, container)
    facts = {
        "name": meta["name"],
        "namespace": meta["namespace"],
        "labels": dict(meta.get("labels") or {}),
        "annotations": dict(meta.get("annotations") or {}),
        "container": container["name"],
        "image": container["image"],
        "env": environment,
        "command": [_expanded(str(each), environment) for each in container.get("command") or []],
        "args": [_expanded(str(each), environment) for each in container.get("args") or []],
        "working_dir": str(container.get("workingDir") or ""),
        "mounts": mounts(cluster, pod, container, volumes),
    }
    return Birth(f"{title}#{number}", SERVICE, "pod", behaviour, facts)


def stem(name: str) -> str:
    """A pod's name without what a generator may have added to it, or to that of the Spark application it drives."""
    return _SUFFIX.sub("", name) or name


def _expanded(text: str, environment: dict[str, str]) -> str:
    def replaced(match: re.Match[str]) -> str:
        if match.group() == "$$":
            return "$"
        return environment.get(match.group(1), match.group())

    return _REFERENCE.sub(replaced, text)


def variables(cluster: Cluster, pod: Object, container: Object) -> dict[str, str]:
    """A container's environment, with what it takes from config maps, secrets and the pod itself."""
    found: dict[str, str] = {"HOSTNAME": pod["metadata"]["name"]}
    for each in _items(container.get("envFrom")):
        prefix = str(each.get("prefix") or "")
        for field, kind in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
            for key, value in content_of(cluster, pod, kind, _named(each.get(field))).items():
                found[prefix + key] = value.decode("utf-8", "replace")
    for each in _items(container.get("env")):
        name = str(each.get("name"))
        source = each.get("valueFrom")
        if isinstance(source, dict):
            taken = _sourced(cluster, pod, container, source)
            if taken is not None:
                found[name] = taken
        else:
            found[name] = _expanded(str(each.get("value") or ""), found)
    return found


def _sourced(cluster: Cluster, pod: Object, container: Object, source: Object) -> str | None:
    for field, kind in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
        reference = source.get(field)
        if isinstance(reference, dict):
            data = content_of(cluster, pod, kind, str(reference.get("name")))
            value = data.get(str(reference.get("key")))
            return None if value is None else value.decode("utf-8", "replace")
    reference = source.get("fieldRef")
    if isinstance(reference, dict):
        return _field(pod, str(reference.get("fieldPath")))
    return None


def _field(pod: Object, path: str) -> str:
    if match := re.fullmatch(r"metadata\.(labels|annotations)\['([^']+)'\]", path):
        return str((pod["metadata"].get(match.group(1)) or {}).get(match.group(2), ""))
    found: Any = {**pod, "spec": {**pod["spec"], "nodeName": NODE_NAME}}
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return "" if found is None else str(found)


def mounts(cluster: Cluster, pod: Object, container: Object, volumes: Volumes) -> dict[str, str]:
    """Where in the container -> which folder here. Made and filled where they are not there yet."""
    known = {str(each.get("name")): each for each in _items(pod["spec"].get("volumes"))}
    found: dict[str, str] = {}
    for each in _items(container.get("volumeMounts")):
        name = str(each.get("name"))
        volume = known.get(name, {"name": name})
        path = volumes.path(pod, volume)
        if not path.is_dir():
            path.mkdir(parents=True, exist_ok=True)
            for key, value in _files(cluster, pod, volume).items():
                (path / os.path.basename(key)).write_bytes(value)
        part = str(each.get("subPath") or "")
        inner = path / part if part and ".." not in part.split("/") and not part.startswith("/") else path
        if inner != path and not inner.exists():
            inner.mkdir(parents=True)
        found[str(each.get("mountPath"))] = str(inner)
    return found


def _files(cluster: Cluster, pod: Object, volume: Object) -> dict[str, bytes]:
    for field, kind, name in (("configMap", "configmaps", "name"), ("secret", "secrets", "secretName")):
        source = volume.get(field)
        if isinstance(source, dict):
            data = content_of(cluster, pod, kind, str(source.get(name)))
            wanted = {str(each.get("key")): str(each.get("path")) for each in _items(source.get("items"))}
            return {wanted.get(key, key): value for key, value in data.items() if not wanted or key in wanted}
    return {}


def content_of(cluster: Cluster, pod: Object, kind: str, name: str) -> dict[str, bytes]:
    """What is in a config map or a secret; nothing where there is none."""
    held = cluster.store.get((kind, pod["metadata"]["namespace"], name)) or {}
    if kind == "configmaps":
        coded = {key: base64.b64decode(value) for key, value in (held.get("binaryData") or {}).items()}
        return {**{key: value.encode() for key, value in (held.get("data") or {}).items()}, **coded}
    found = {}
    for key, value in (held.get("data") or {}).items():
        try:
            found[key] = base64.b64decode(value)
        except ValueError:
            found[key] = b""
    return found


def _named(reference: Any) -> str:
    return str(reference.get("name")) if isinstance(reference, dict) else ""


def _items(found: Any) -> list[Object]:
    return [each for each in found or [] if isinstance(each, dict)] if isinstance(found, list) else []
