"""What an operator was given, read from the instance.

A class keeps nearly each argument under its own name: of 151 arguments of the providers' operators that say whether
the operator waits for its job, 151. So the instance says what holds, whoever set it: the call, ``default_args``, a
subclass.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_dagguard.stage.compat import names
from pytest_dagguard.stage.values import name_of, value

GENERIC = {
    "depends_on_past": False,
    "do_xcom_push": True,
    "email": None,
    "max_active_tis_per_dag": None,
    "max_active_tis_per_dagrun": None,
    "owner": "airflow",
    "pool": "default_pool",
    "queue": "default",
    "wait_for_downstream": False,
}
"""Arguments of ``BaseOperator`` that rules look at, and what they are where nobody sets them."""
_SENSOR = re.compile(r"^class (\w+Sensor)\b", re.MULTILINE)
_PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True)
class Signature:
    """What the classes of an operator take beyond what every operator takes.

    :param bases: dotted paths, in the order in which Python looks
    :param defaults: argument -> default, of those that have a plain one
    :param sensors: sensors that the same provider has beside this operator
    """

    names: tuple[str, ...]
    bases: tuple[str, ...]
    defaults: Mapping[str, Any]
    sensors: tuple[str, ...] = ()


_known: dict[type, Signature] = {}


def signature(kind: type) -> Signature:
    """The signature of an operator's class. Read from the code object, as ``inspect.signature`` takes a hundred times
    as long and each load is a process of its own.
    """
    if kind not in _known:
        own = [each for each in kind.__mro__ if each not in _common()]
        defaults: dict[str, Any] = {}
        names: dict[str, None] = {}
        for each in own:
            for name, default in _parameters(each):
                if name not in names and name != "task_id":
                    names[name] = None
                    if isinstance(default, _PLAIN):
                        defaults[name] = value(default)
        bases = tuple(name_of(each) for each in kind.__mro__ if each is not object)
        _known[kind] = Signature(tuple(names), bases, defaults, _sensors(own))
    return _known[kind]


def _sensors(kinds: Iterable[type]) -> tuple[str, ...]:
    """Names of the sensors in ``sensors/x.py`` where an operator of a provider is in ``operators/x.py``.

    Read as text: to import it would take its time.
    """
    found: dict[str, None] = {}
    for kind in kinds:
        file = getattr(sys.modules.get(kind.__module__), "__file__", None) or ""
        if ".providers." in kind.__module__ and "/operators/" in file:
            try:
                text = Path(file.replace("/operators/", "/sensors/")).read_text(encoding="utf-8")
            except OSError:
                continue
            found.update(dict.fromkeys(_SENSOR.findall(text)))
    return tuple(found)


def _common() -> frozenset[type]:
    return frozenset(names.base_operator().__mro__)


_NOTHING = object()


def _parameters(kind: type) -> list[tuple[str, Any]]:
    function: Any = kind.__dict__.get("__init__")
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    if code is None or function is None:
        return []
    positional = code.co_varnames[1 : code.co_argcount]
    keyword = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    values = function.__defaults__ or ()
    first = len(positional) - len(values)
    found = [(name, values[n - first] if n >= first else _NOTHING) for n, name in enumerate(positional)]
    named = function.__kwdefaults__ or {}
    return found + [(name, named.get(name, _NOTHING)) for name in keyword]


def arguments(task: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """The values of an instance, without asking for a property, which may run anything."""
    kept = vars(task)
    return {name: value(kept[name]) for name in names if name in kept}


def given(task: Any) -> tuple[str, ...]:
    """Names of the arguments that the call or ``default_args`` gave."""
    return tuple(sorted(getattr(task, "_BaseOperator__init_kwargs", None) or ()))


def generic(task: Any) -> dict[str, Any]:
    """Those of ``BaseOperator``'s arguments that differ from their default, and URIs that the task writes and reads."""
    found = {}
    for name, usual in GENERIC.items():
        each = getattr(task, name, usual)
        if each is not None and each != usual:
            found[name] = value(each)
    for name in ("outlets", "inlets"):
        uris = [str(each.uri) for each in getattr(task, name, None) or () if hasattr(each, "uri")]
        if uris:
            found[name] = uris
    return found
