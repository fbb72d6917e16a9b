"""Server-side apply: who owns which fields, and what becomes of those that their owner names no more.

The algorithm is that of https://kubernetes.io/docs/reference/using-api/server-side-apply/: fields are paths; an applier
that names a field with another value than another owner's conflicts with it unless it forces; what it named before and
names no more goes, unless somebody else owns it too.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from pytest_dagguard.cloud.kubernetes_api.failure import Refused
from pytest_dagguard.cloud.kubernetes_api.kinds import Kind, Object
from pytest_dagguard.cloud.kubernetes_api.patch import merge_key, same_item

Path = tuple[str, ...]
_OURS = frozenset(
    {"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "name", "namespace", "selfLink"}
)


def paths(value: Any, at: Path = (), names: Path = ()) -> dict[Path, Any]:
    """The leaves of an object: the path as ``f:field`` and ``k:{"name":"x"}`` steps -> the value."""
    if isinstance(value, dict) and value:
        found: dict[Path, Any] = {}
        for name, each in value.items():
            if not at and name in ("apiVersion", "kind"):
                continue
            if at == ("f:metadata",) and name in _OURS:
                continue
            found.update(paths(each, (*at, f"f:{name}"), (*names, name)))
        return found
    keys = merge_key(names)
    if isinstance(value, list) and value and keys and all(isinstance(each, dict) for each in value):
        found = {}
        for each in value:
            item = (*at, item_step(each, keys))
            found[item] = None
            found.update(paths(each, item, names))
        return found
    return {at: value} if at else {}


def item_step(item: Object, keys: Path) -> str:
    """The step to an item of a list."""
    default = {"protocol": "TCP"}
    named = {each: item.get(each, default.get(each)) for each in keys}
    return "k:" + json.dumps({name: value for name, value in named.items() if value is not None})


def to_tree(found: set[Path]) -> Object:
    """Paths as ``fieldsV1``."""
    tree: Object = {}
    for path in sorted(found):
        inner = tree
        for step in path:
            inner = inner.setdefault(step, {})
        if path[-1].startswith("k:"):
            inner.setdefault(".", {})
    return tree


def from_tree(tree: Any, at: Path = ()) -> set[Path]:
    """``fieldsV1`` as paths."""
    if not isinstance(tree, dict):
        return set()
    found: set[Path] = set()
    if not tree and at:
        return {at}
    for step, inner in tree.items():
        found |= {at} if step == "." else from_tree(inner, (*at, str(step)))
    return found


def apply(kind: Kind, current: Object, wanted: Object, manager: str, force: bool, when: str) -> Object:
    """The object after an applier has said what it wants of it.

    :param current: the object as it is; ``apiVersion``, ``kind`` and the name alone where it is new
    :param when: the time, for the record of owners
    :raises Refused: 409, another owner's field would be changed
    """
    owned = {
        (str(each.get("manager")), str(each.get("operation")), str(each.get("subresource", ""))): (
            each,
            from_tree(each.get("fieldsV1")),
        )
        for each in current["metadata"].get("managedFields") or []
        if isinstance(each, dict)
    }
    mine = (manager, "Apply", "")
    before = owned.pop(mine, ({}, set()))[1]
    leaves = paths(wanted)
    present = paths(current)
    for key, (_, theirs) in owned.items():
        changed = {each for each in leaves if each in theirs and each in present and present[each] != leaves[each]}
        if changed and not force:
            raise _conflict(kind, key[0], changed)
        if changed:
            owned[key] = (owned[key][0], theirs - changed)
    others: set[Path] = set().union(*(each for _, each in owned.values())) if owned else set()
    merged: Object = _merged(current, wanted, ())
    for gone in sorted(before - set(leaves) - others, key=len, reverse=True):
        _drop(merged, gone, ())
    entry = {"manager": manager, "operation": "Apply", "apiVersion": kind.api_version, "time": when}
    entries = [{**each, "fieldsV1": to_tree(theirs)} for each, theirs in owned.values() if theirs]
    entries.append({**entry, "fieldsType": "FieldsV1", "fieldsV1": to_tree(set(leaves))})
    merged["metadata"]["managedFields"] = entries
    return merged


def updated(kind: Kind, before: Object | None, after: Object, manager: str, sub: str, when: str) -> Object:
    """The object with ``manager`` recorded as the owner of what it has changed by other means than apply."""
    old = paths(before) if before is not None else {}
    new = paths(after)
    changed = {each for each in new if each not in old or old[each] != new[each]}
    if not changed:
        return after
    entries = []
    own: set[Path] = set()
    for each in after["metadata"].get("managedFields") or []:
        theirs = from_tree(each.get("fieldsV1"))
        if (each.get("manager"), each.get("operation"), each.get("subresource", "")) == (manager, "Update", sub):
            own = theirs
        elif left := {path for path in theirs if path in new and path not in changed}:
            entries.append({**each, "fieldsV1": to_tree(left)})
    entry = {"manager": manager, "operation": "Update", "apiVersion": kind.api_version, "time": when}
    if sub:
        entry["subresource"] = sub
    mine = to_tree({each for each in own if each in new} | changed)
    entries.append({**entry, "fieldsType": "FieldsV1", "fieldsV1": mine})
    return {**after, "metadata": {**after["metadata"], "managedFields": entries}}


def _conflict(kind: Kind, manager: str, changed: set[Path]) -> Refused:
    fields = ["".join("." + each[2:] if each[0] == "f" else f"[{each[2:]}]" for each in path) for path in changed]
    causes = [
        {"reason": "FieldManagerConflict", "message": f'conflict with "{manager}"', "field": each}
        for each in sorted(fields)
    ]
    listed = ", ".join(sorted(fields))
    noun = "conflict" if len(fields) == 1 else "conflicts"
    message = f'Apply failed with {len(fields)} {noun}: {noun} with "{manager}" using {kind.api_version}: {listed}'
    return Refused(409, message, details={"causes": causes})


def _merged(current: Any, wanted: Any, names: Path) -> Any:
    if isinstance(wanted, dict) and isinstance(current, dict):
        found = dict(current)
        for name, each in wanted.items():
            found[name] = _merged(current.get(name), each, (*names, name))
        return found
    keys = merge_key(names)
    if isinstance(wanted, list) and isinstance(current, list) and keys:
        items = list(current)
        for each in wanted:
            at = next((i for i, there in enumerate(items) if same_item(there, each, keys)), None)
            if at is None:
                items.append(copy.deepcopy(each))
            else:
                items[at] = _merged(items[at], each, names)
        return items
    return copy.deepcopy(wanted)


def _drop(value: Any, path: Path, names: Path) -> None:
    """Take what a path leads to out of a value that nobody else holds."""
    step, rest = path[0], path[1:]
    if step.startswith("f:") and isinstance(value, dict) and step[2:] in value:
        name = step[2:]
        if not rest:
            del value[name]
            return
        value[name] = copy.copy(value[name])
        _drop(value[name], rest, (*names, name))
        if value[name] in ({}, []):
            del value[name]
    elif step.startswith("k:") and isinstance(value, list):
        keys = merge_key(names)
        at = next((i for i, each in enumerate(value) if item_step(each, keys) == step), None)
        if at is None:
            return
        if not rest:
            del value[at]
            return
        value[at] = copy.copy(value[at])
        _drop(value[at], rest, names)
