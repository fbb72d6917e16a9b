"""Tables of DynamoDB in the seed folder: the key, which nothing else tells, and the items."""

from __future__ import annotations

from typing import Any

from pytest_dagguard.config.seed_files import Document, Problems

_SHAPE = 'write {"table": {"key": ["id"], "items": [{"id": "42"}]}}'
_TYPES = ("S", "N", "B")


def tables(document: Document | None, problems: Problems) -> dict[str, dict[str, Any]]:
    """Name of a table -> its key (attribute -> type) and its items. What cannot be read is a problem more."""
    found: dict[str, dict[str, Any]] = {}
    for name, value in (document.values if document else {}).items():
        assert document is not None
        line = document.line(name)
        if not isinstance(value, dict) or set(value) - {"key", "items"}:
            problems.add(document.path, f'"{name}" is not an object of key and items; {_SHAPE}', line)
            continue
        items = value.get("items", [])
        if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
            problems.add(document.path, f'the items of "{name}" are not a list of objects; {_SHAPE}', line)
            continue
        key = _key(value.get("key"), items)
        if not key:
            what = f'the key of "{name}" is not the name of an attribute, a list of one or two, or an object of names'
            problems.add(document.path, f"{what} and types (S, N, B); {_SHAPE}", line)
            continue
        lacking = [number for number, item in enumerate(items, 1) if any(item.get(each) in (None, "") for each in key)]
        if lacking:
            problems.add(
                document.path, f'item {lacking[0]} of "{name}" lacks a part of its key ({", ".join(key)})', line
            )
            continue
        found[name] = {"key": key, "items": items}
    return found


def _key(value: Any, items: list[dict[str, Any]]) -> dict[str, str]:
    """Attribute -> type; nothing where that cannot be told."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list) and all(isinstance(each, str) and each for each in value):
        value = {each: _type(each, items) for each in value}
    if not isinstance(value, dict) or not 1 <= len(value) <= 2 or set(map(str, value.values())) - set(_TYPES):
        return {}
    return {str(name): str(kind) for name, kind in value.items()}


def _type(name: str, items: list[dict[str, Any]]) -> str:
    """A number where the items have numbers there, else a text."""
    values = [item.get(name) for item in items]
    numbers = [isinstance(each, (int, float)) and not isinstance(each, bool) for each in values]
    return "N" if numbers and all(numbers) else "S"
