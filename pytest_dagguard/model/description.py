"""What came of loading a DAG file as JSON has it, for a cache and for the way between processes.

Plain data and nothing else: to read it is to run nothing, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any

from pytest_dagguard.model.dag import Dag, DagFile, Length, LoadError, LoadEvent, Opaque, Task, XCom
from pytest_dagguard.model.needs import Needs

_XCOM, _OPAQUE, _TABLE = "\0xcom", "\0opaque", "\0table"
_VALUES = frozenset({"arguments", "defaults", "settings"})
_OF_KIND = ("operator", "bases", "defaults", "sensors", "template_fields")
"""What all tasks of one operator have alike, mostly; kept once for them."""


def _defaults(kind: Any) -> dict[str, Any]:
    found = {}
    for each in fields(kind):
        if each.default is not MISSING:
            found[each.name] = each.default
        elif each.default_factory is not MISSING:
            found[each.name] = each.default_factory()
    return found


_TASK = _defaults(Task)
_TUPLES = frozenset(name for name, usual in _TASK.items() if isinstance(usual, tuple))


def to_plain(loaded: DagFile) -> dict[str, Any]:
    """A loaded file, without what its load rested on, as dictionaries, lists, texts and numbers."""
    kinds: dict[str, int] = {}
    shared: list[dict[str, Any]] = []
    dags = [_dag(each, kinds, shared) for each in loaded.dags]
    return {
        "path": loaded.path,
        "kinds": shared,
        "dags": dags,
        "errors": [asdict(each) for each in loaded.errors],
        "seconds": loaded.seconds,
        "modules": list(loaded.modules),
        "own_seconds": loaded.own_seconds,
        "events": [asdict(each) for each in loaded.events],
    }


def _dag(dag: Dag, kinds: dict[str, int], shared: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "dag_id": dag.dag_id,
        "line": dag.line,
        "tasks": [_task(each, kinds, shared) for each in dag.tasks],
        "assets": [list(each) for each in dag.assets],
        "schedule": dag.schedule,
        "catchup": dag.catchup,
        "settings": _value(dag.settings),
        "problem": dag.problem,
    }


def _task(task: Task, kinds: dict[str, int], shared: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {"task_id": task.task_id}
    for name, usual in _TASK.items():
        value = getattr(task, name)
        if value != usual and name not in _OF_KIND:
            found[name] = _field(name, value)
    common = {name: _field(name, getattr(task, name)) for name in _OF_KIND}
    key = repr(common)
    if key not in kinds:
        kinds[key] = len(shared)
        shared.append(common)
    found["kind"] = kinds[key]
    return found


def _field(name: str, value: Any) -> Any:
    if name in _VALUES:
        return _value(value)
    if name == "length":
        return _length(value)
    return list(value) if isinstance(value, tuple) else value


def _length(length: Length) -> list[Any]:
    return [length.kind, length.number, length.task_id, [_length(each) for each in length.parts]]


def _value(given: Any) -> Any:
    if isinstance(given, Mapping):
        plain = {name: _value(each) for name, each in given.items()}
        return {_TABLE: plain} if any(name.startswith("\0") for name in plain) else plain
    if isinstance(given, list):
        return [_value(each) for each in given]
    if isinstance(given, XCom):
        return {_XCOM: [given.task_id, given.key]}
    if isinstance(given, Opaque):
        return {_OPAQUE: [given.type, given.text]}
    return given


def from_plain(plain: Mapping[str, Any], needs: Needs | None = None) -> DagFile:
    """The loaded file that :func:`to_plain` was given.

    :raises KeyError, TypeError, ValueError, IndexError, AttributeError: it was not made by that
    """
    kinds = [_fields(each) for each in plain["kinds"]]
    return DagFile(
        plain["path"],
        tuple(_back_to_dag(each, kinds) for each in plain["dags"]),
        tuple(LoadError(**each) for each in plain["errors"]),
        plain["seconds"],
        tuple(plain["modules"]),
        plain["own_seconds"],
        tuple(LoadEvent(**each) for each in plain["events"]),
        needs,
    )


def _back_to_dag(plain: Mapping[str, Any], kinds: list[dict[str, Any]]) -> Dag:
    return Dag(
        **{
            **plain,
            "tasks": tuple(_back_to_task(each, kinds) for each in plain["tasks"]),
            "assets": tuple((name, uri) for name, uri in plain["assets"]),
            "settings": _back(plain["settings"]),
        }
    )


def _back_to_task(plain: Mapping[str, Any], kinds: list[dict[str, Any]]) -> Task:
    own = dict(plain)
    return Task(**{**kinds[own.pop("kind")], **_fields(own)})


def _fields(plain: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(plain)
    for name, value in plain.items():
        if name in _TUPLES:
            found[name] = tuple(value)
        elif name in _VALUES:
            found[name] = _back(value)
        elif name == "length":
            found[name] = _back_to_length(value)
    return found


def _back_to_length(plain: list[Any]) -> Length:
    kind, number, task_id, parts = plain
    return Length(kind, number, task_id, tuple(_back_to_length(each) for each in parts))


def _back(plain: Any) -> Any:
    if isinstance(plain, list):
        return [_back(each) for each in plain]
    if not isinstance(plain, dict):
        return plain
    if len(plain) == 1:
        name, value = next(iter(plain.items()))
        if name == _XCOM:
            return XCom(*value)
        if name == _OPAQUE:
            return Opaque(*value)
        if name == _TABLE:
            return {key: _back(each) for key, each in value.items()}
    return {name: _back(each) for name, each in plain.items()}
