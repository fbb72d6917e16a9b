"""From what an operator or a DAG was given to plain values, which the director can read without Airflow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from pytest_dagguard.model.dag import Opaque, XCom

LONGEST_TEXT = 20_000
"""Characters; SQL of a page or two is whole."""
LONGEST_LIST = 200
"""Elements; the rest is cut off."""
DEEPEST = 8
"""Levels of lists and mappings."""
_SHORT = 200
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_KUBERNETES = "kubernetes.client.models"
_CALLABLES = (FunctionType, BuiltinFunctionType, MethodType, type)


def plain(text: Any) -> str:
    """A text as what it says and nothing more.

    A member of Airflow's enumerations, given as an id, is a text too: pickled as it is, it would have the director
    import Airflow to read it.
    """
    return str.__str__(text) if isinstance(text, str) else str(text)


def value(given: Any, depth: int = 0) -> Any:
    """The nearest plain value: texts, numbers, lists and dictionaries as they are, moments as ISO 8601 text, spans of
    time in seconds, Kubernetes' models as dictionaries, XComs as :class:`~pytest_dagguard.model.dag.XCom`, and
    :class:`~pytest_dagguard.model.dag.Opaque` for the rest.
    """
    if given is None or given is True or given is False:
        return given
    if isinstance(given, Enum):
        return value(given.value, depth)
    if isinstance(given, str):
        return plain(given)[:LONGEST_TEXT]
    if isinstance(given, (int, float)):
        return int(given) if isinstance(given, int) else float(given)
    if isinstance(given, timedelta):
        return given.total_seconds()
    if isinstance(given, (datetime, date, time)):
        return given.isoformat()
    if isinstance(given, PurePath):
        return str(given)
    if isinstance(given, bytes):
        return given[:LONGEST_TEXT].decode("utf-8", "backslashreplace")
    if depth < DEEPEST and (found := _several(given, depth)) is not None:
        return found
    return _other(given)


def _several(given: Any, depth: int) -> Any:
    """The value of what has parts; None where it has none."""
    if isinstance(given, Mapping):
        names = list(given)[:LONGEST_LIST]
        return {plain(name): value(given[name], depth + 1) for name in names}
    if isinstance(given, (list, tuple)):
        return [value(each, depth + 1) for each in given[:LONGEST_LIST]]
    if isinstance(given, (set, frozenset)):
        return sorted((value(each, depth + 1) for each in list(given)[:LONGEST_LIST]), key=repr)
    kind = type(given)
    if kind.__module__.startswith(_KUBERNETES) and hasattr(kind, "attribute_map"):
        parts = {name: getattr(given, name, None) for name in kind.attribute_map}
        return {name: value(each, depth + 1) for name, each in parts.items() if each is not None}
    return None


def _other(given: Any) -> XCom | Opaque:
    reference = getattr(given, "iter_references", None)
    if reference is not None and not isinstance(given, type):
        try:
            for operator, key in reference():
                return XCom(plain(operator.task_id), plain(key))
        except Exception:  # noqa: BLE001 - an object of somebody else that only looks like an XComArg
            pass
    if isinstance(given, _CALLABLES):
        name = f"{getattr(given, '__module__', '')}.{getattr(given, '__qualname__', '')}"
        return Opaque(name_of(type(given)), name)
    if isinstance(getattr(given, "uri", None), str) and isinstance(getattr(given, "name", None), str):
        return Opaque(name_of(type(given)), plain(given.uri))  # an asset
    try:
        text = _ADDRESS.sub("", repr(given))[:_SHORT]
    except Exception:  # noqa: BLE001 - whatever a repr may raise
        text = ""
    return Opaque(name_of(type(given)), text)


def name_of(kind: type) -> str:
    """Dotted path of a class."""
    return f"{kind.__module__}.{kind.__qualname__}"
