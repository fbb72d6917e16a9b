"""Masks: which parts of the records of an object vary between two clean runs, and comparing the rest.

A path is a tuple of keys and list positions; ``*`` stands for every position of a list.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_dagguard.oracle.content import NUMBER
from pytest_dagguard.oracle.names import VALUE_LEVELS, Names, align, names_of, only

Path = tuple[Any, ...]
Masks = Mapping[Path, Names | None]
"""Path -> the names that its strings are templated with, or None where any value (of the same type) will do."""

_WILD = "\x00"


def dump(value: Any) -> str:
    """A value as text, equal for equal values whatever the order of keys."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=_odd)


def _odd(value: Any) -> str:
    return f"{type(value).__name__}:{value!r}"


def _type(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, (int, float)) else type(value).__name__


def apply(value: Any, masks: Masks, path: Path = (), star: Path = ()) -> Any:
    """The value with what varies taken out, and with lists in an order that depends on their elements alone.

    Lists inside of a record are multisets: the order of a small set is the same in two clean runs by chance (half of
    the time for a set of two), and would be an alarm in the third run.
    """
    if path in masks or star in masks:
        names = masks.get(path, masks.get(star))
        if names is not None and isinstance(value, str):
            return names.key(value)
        # An empty cell is not the same as one that is filled, even where the filling varies.
        return value if value == "" else f"{_WILD}any {_type(value)}{_WILD}"
    if isinstance(value, dict):
        return {k: apply(v, masks, (*path, k), (*star, k)) for k, v in value.items()}
    if isinstance(value, list):
        return sorted((apply(v, masks, (*path, i), (*star, "*")) for i, v in enumerate(value)), key=dump)
    return value


def items(records: Sequence[Any], masks: Masks) -> list[str]:
    """Each record as text, masked."""
    return [dump(apply(each, masks)) if masks or not _is_flat(each) else dump(each) for each in records]


def _is_flat(value: Any) -> bool:
    if isinstance(value, dict):
        return not any(isinstance(each, (dict, list)) for each in value.values())
    return not isinstance(value, list)


def fingerprint(texts: Sequence[str], heads: Sequence[str], multiset: bool) -> str:
    """A digest of records: equal for equal sequences, or for equal multisets."""
    lines = [*heads, "\x00", *(sorted(texts) if multiset else texts)]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every scalar (and empty container) with its path; positions in lists are ``*``."""
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from leaves(each, (*path, key))
    elif isinstance(value, list) and value:
        for each in value:
            yield from leaves(each, (*path, "*"))
    else:
        yield path, value


def names_for(left: Sequence[Any], right: Sequence[Any]) -> Names | None:
    """Templates for the values that differ at one path; None where they have none in common."""
    if not all(isinstance(each, str) for each in (*left, *right)):
        return None
    if all(NUMBER.fullmatch(each) for each in (*left, *right)):
        # A number in another run may be written otherwise (8e-05): any will do.
        return None
    a, b = only(left, right)
    families, *rest = align(a, b, VALUE_LEVELS)
    if any(rest):
        return None
    return names_of(families, set(left) & set(right))


def by_multiset(left: Sequence[Any], right: Sequence[Any]) -> dict[Path, Names | None]:
    """Masks for the paths (columns, for rows) whose values are not the same multiset on both sides."""
    columns: tuple[defaultdict[Path, list[Any]], ...] = (defaultdict(list), defaultdict(list))
    for column, records in zip(columns, (left, right), strict=True):
        for record in records:
            for path, value in leaves(record):
                column[path].append(value)
    masks: dict[Path, Names | None] = {}
    for path in columns[0].keys() | columns[1].keys():
        a, b = columns[0].get(path, []), columns[1].get(path, [])
        if Counter(map(dump, a)) != Counter(map(dump, b)):
            masks[path] = names_for(a, b)
    return masks


def by_position(left: Any, right: Any) -> dict[Path, Names | None]:
    """Masks for the paths at which two documents differ, lists of equal length side by side.

    Where every element of a list differs at a path, the mask is for ``*``: a longer list is masked too.
    """
    walk = _Walk({}, Counter())
    walk.differ(left, right, (), ())
    groups: defaultdict[Path, list[Path]] = defaultdict(list)
    for path, (star, _, _) in walk.differences.items():
        groups[star].append(path)
    masks: dict[Path, Names | None] = {}
    for star, paths in groups.items():
        together = {star: paths} if walk.visits[star] == len(paths) else {path: [path] for path in paths}
        for path, members in together.items():
            pairs = [walk.differences[each] for each in members]
            masks[path] = names_for([a for _, a, _ in pairs], [b for _, _, b in pairs])
    return masks


@dataclass(frozen=True, slots=True)
class _Walk:
    """Two documents side by side: differences (path -> its ``*`` form and the two values), visits by ``*`` form."""

    differences: dict[Path, tuple[Path, Any, Any]]
    visits: Counter[Path]

    def differ(self, a: Any, b: Any, path: Path, star: Path) -> None:
        self.visits[star] += 1
        if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
            for key in a:
                self.differ(a[key], b[key], (*path, key), (*star, key))
        elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            for at, (x, y) in enumerate(zip(a, b, strict=True)):
                self.differ(x, y, (*path, at), (*star, "*"))
        elif dump(a) != dump(b):
            self.differences[path] = (star, a, b)


def shown(path: Path) -> str:
    """A path as people write it: ``items[*].loaded_at``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) or step == "*" else (f".{step}" if text else str(step))
    return text or "the whole value"
