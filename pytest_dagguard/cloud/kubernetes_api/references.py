"""What a pod refers to and needs before it can start: config maps and secrets, and the keys in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_dagguard.cloud.kubernetes_api.births import content_of
from pytest_dagguard.cloud.kubernetes_api.cluster import Cluster
from pytest_dagguard.cloud.kubernetes_api.kinds import Object

_WORDS = {"configmaps": ("configmap", "ConfigMap"), "secrets": ("secret", "Secret")}
_SEED = "what is there before the task says kubernetes.json of the seed folder"


def missing(cluster: Cluster, pod: Object, container: Object) -> str:
    """What a container's environment needs and is not there, as the kubelet says it; empty where all is."""
    for each in _items(container.get("envFrom")):
        for field, kind in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
            if why := _lacks(cluster, pod, kind, each.get(field), "name"):
                return why
    for each in _items(container.get("env")):
        source = each.get("valueFrom")
        for field, kind in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
            reference = source.get(field) if isinstance(source, dict) else None
            keys = [str(reference.get("key"))] if isinstance(reference, dict) else []
            if why := _lacks(cluster, pod, kind, reference, "name", keys):
                return why
    return ""


def unmounted(cluster: Cluster, pod: Object) -> str:
    """Which volume cannot be set up, and why; empty where all can be."""
    for volume in _items(pod["spec"].get("volumes")):
        for kind, source, field in _sources(volume):
            keys = [str(each.get("key")) for each in _items(source.get("items"))]
            if why := _lacks(cluster, pod, kind, source, field, keys):
                return f'MountVolume.SetUp failed for volume "{volume.get("name")}" : {why}'
    return ""


def _sources(volume: Object) -> Iterator[tuple[str, Object, str]]:
    """What a volume is made of: kind, reference, and the reference's field with the name."""
    listed = [volume]
    projected = volume.get("projected")
    if isinstance(projected, dict):
        listed += [
            {"configMap": each.get("configMap"), "projected": each.get("secret")}
            for each in _items(projected.get("sources"))
        ]
    for each in listed:
        for part, kind, field in (
            ("configMap", "configmaps", "name"),
            ("secret", "secrets", "secretName"),
            ("projected", "secrets", "name"),
        ):
            source = each.get(part)
            if isinstance(source, dict) and field in source:
                yield kind, source, field


def _lacks(cluster: Cluster, pod: Object, kind: str, reference: Any, field: str, keys: list[str] | None = None) -> str:
    if not isinstance(reference, dict) or reference.get("optional"):
        return ""
    space, name = pod["metadata"]["namespace"], str(reference.get(field))
    low, high = _WORDS[kind]
    if cluster.store.get((kind, space, name)) is None:
        return f'{low} "{name}" not found ({_SEED})'
    there = content_of(cluster, pod, kind, name)
    for key in keys or ():
        if key not in there:
            return f"couldn't find key {key} in {high} {space}/{name}"
    return ""


def _items(found: Any) -> list[Object]:
    return [each for each in found or [] if isinstance(each, dict)] if isinstance(found, list) else []
