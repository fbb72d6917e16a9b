"""The four ways to patch an object. Server-side apply is in :mod:`.apply`."""

from __future__ import annotations

import copy
from typing import Any

import jsonpatch
import jsonpointer

from pytest_dagguard.cloud.kubernetes_api.failure import Refused
from pytest_dagguard.cloud.kubernetes_api.kinds import Object

JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"

# Lists whose items have a key: the field's name -> the key, by which fields of that name are merged in the published
# types (`patchMergeKey`). A name that stands for several fields is told apart by the field that it is in.
MERGE_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "imagePullSecrets": ("name",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "resourceClaims": ("name",),
    "schedulingGates": ("name",),
    "ownerReferences": ("uid",),
    "conditions": ("type",),
    "secrets": ("name",),
    "taints": ("key",),
    "podIPs": ("ip",),
}
_SETS = frozenset({"finalizers", "podCIDRs"})


def merge_key(path: tuple[str, ...]) -> tuple[str, ...]:
    """The fields that tell the items of a list apart; empty for a list that is replaced as a whole."""
    if not path:
        return ()
    if path[-1] == "ports":
        return (
            ("containerPort", "protocol") if "containers" in path or "initContainers" in path else ("port", "protocol")
        )
    return MERGE_KEYS.get(path[-1], ())


def json_patch(target: Object, patch: Any) -> Object:
    """RFC 6902.

    :raises Refused: it is none, or cannot be carried out
    """
    if not isinstance(patch, list):
        raise Refused(400, "json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    try:
        found = jsonpatch.apply_patch(target, patch, in_place=False)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException) as error:
        raise Refused(422, f"the server rejected our request due to an error in our request: {error}") from None
    except (TypeError, KeyError, AttributeError, ValueError, IndexError) as error:
        raise Refused(400, f"error decoding patch: {error}") from None
    if not isinstance(found, dict):
        raise Refused(400, "the patch leaves no object")
    return found


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def strategic(target: Any, patch: Any, path: tuple[str, ...] = ()) -> Any:
    """Kubernetes' own: lists of things with a name are merged thing by thing.

    ``$patch`` (``replace``, ``delete``, ``merge``), ``$retainKeys``, ``$deleteFromPrimitiveList`` and
    ``$setElementOrder`` are followed.
    """
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    directive = patch.get("$patch")
    if directive == "replace":
        return {name: copy.deepcopy(value) for name, value in patch.items() if name != "$patch"}
    if directive == "delete":
        return {}
    merged = dict(target) if isinstance(target, dict) else {}
    retained = patch.get("$retainKeys")
    if isinstance(retained, list):
        merged = {name: value for name, value in merged.items() if name in retained}
    for name, value in patch.items():
        if name.startswith("$deleteFromPrimitiveList/"):
            field = name.partition("/")[2]
            merged[field] = [each for each in merged.get(field) or [] if each not in (value or [])]
        elif name.startswith("$"):
            continue
        elif value is None:
            merged.pop(name, None)
        elif isinstance(value, list):
            merged[name] = _list(merged.get(name), value, (*path, name))
        else:
            merged[name] = strategic(merged.get(name), value, (*path, name))
    for name, order in patch.items():
        if name.startswith("$setElementOrder/"):
            _order(merged, name.partition("/")[2], order, path)
    return merged


def _list(current: Any, patch: list[Any], path: tuple[str, ...]) -> list[Any]:
    current = current if isinstance(current, list) else []
    keys = merge_key(path)
    if not keys:
        if path[-1] in _SETS:
            return [*current, *(each for each in patch if each not in current)]
        return [strategic({}, each, path) if isinstance(each, dict) else each for each in patch]
    found = list(current)
    replacing = any(isinstance(each, dict) and each.get("$patch") == "replace" for each in patch)
    if replacing:
        found = []
    for item in patch:
        if not isinstance(item, dict):
            raise Refused(400, f"cannot merge {item!r} into {'.'.join(path)}: an object is wanted")
        directive = item.get("$patch")
        if directive == "replace":
            continue
        at = next((i for i, each in enumerate(found) if same_item(each, item, keys)), None)
        if directive == "delete":
            found = [each for i, each in enumerate(found) if i != at]
        elif at is None:
            found.append(strategic({}, item, path))
        else:
            found[at] = strategic(found[at], item, path)
    return found


def same_item(a: Any, b: Any, keys: tuple[str, ...]) -> bool:
    """Whether two items of a list are the same one. A port's protocol is TCP where it is not said."""
    if not isinstance(a, dict) or not isinstance(b, dict) or keys[0] not in b:
        return False
    default = {"protocol": "TCP"}
    return all(a.get(each, default.get(each)) == b.get(each, default.get(each)) for each in keys)


def _order(merged: Object, field: str, order: Any, path: tuple[str, ...]) -> None:
    items = merged.get(field)
    if not isinstance(items, list) or not isinstance(order, list):
        return
    keys = merge_key((*path, field))

    def rank(item: Any) -> int:
        for at, wanted in enumerate(order):
            if item == wanted or (keys and same_item(item, wanted, keys[:1])):
                return at
        return len(order)

    merged[field] = sorted(items, key=rank)
