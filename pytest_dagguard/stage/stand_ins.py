"""Stand-ins for modules that are not here: aliases for those that moved, stubs for those that are missing.

Both are asked for in the configuration, and each one that is used is told. A stub answers whatever is asked of it, so
that a file loads; what a task does with it is no evidence of anything.
"""

from __future__ import annotations

import fnmatch
import importlib
import inspect
import re
import sys
import types
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

from pytest_dagguard.stage.compat import names

used: dict[str, None] = {}
"""What stood in for something in this process, in words; a child begins with none."""

ran: dict[str, None] = {}
"""Stubs that a task has used while it ran."""

_state = {"task runs": False}


def install(stubs: Sequence[str], aliases: Mapping[str, str], airflow2: bool) -> None:
    """Have imports that come to nothing find a stand-in. For a child that was just forked.

    :param stubs: names of modules, with ``*`` for any part
    :param aliases: old name -> new name
    :param airflow2: also those that Airflow 3, or newer providers, have moved, and ``schedule_interval``
    """
    used.clear()
    ran.clear()
    # last, so that whatever is there goes before
    if stubs or aliases:
        sys.meta_path.append(_Finder(tuple(stubs), aliases))
    if airflow2:
        from pytest_dagguard.stage.compat import airflow2 as old

        if old.has_moved():
            old.restore(used.setdefault)
        sys.meta_path.append(_OldAirflow())


def task_begins() -> None:
    """From now on the use of a stub is the task's."""
    _state["task runs"] = True


class _Finder(MetaPathFinder):
    def __init__(self, stubs: tuple[str, ...], aliases: Mapping[str, str]) -> None:
        self.stubs, self.aliases = stubs, aliases

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """A stand-in for the module, where one was asked for."""
        if name in self.aliases:
            return ModuleSpec(name, _Moved(self.aliases[name]))
        if any(each.startswith(f"{name}.") for each in self.aliases):
            return ModuleSpec(name, _Folder(), is_package=True)
        if any(_fits(name, each) for each in self.stubs):
            return ModuleSpec(name, _Stubbed(), is_package=True)
        return None


class _OldAirflow(MetaPathFinder):
    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """What Airflow 2 had under this name, where Airflow 3 has it under another."""
        if not name.startswith("airflow."):
            return None
        from pytest_dagguard.stage.compat import airflow2 as old

        if target_name := old.moved(name):
            return ModuleSpec(name, _Moved(target_name))
        is_parent = old.is_folder(name) or any(each.startswith(f"{name}.") for each in old.MOVED)
        return ModuleSpec(name, _Folder(), is_package=True) if is_parent else None


def _fits(name: str, pattern: str) -> bool:
    """Say whether a pattern names the module, one above it, or (``acme.db`` needs an ``acme``) one below it."""
    return fnmatch.fnmatchcase(name, pattern) or name.startswith(f"{pattern}.") or pattern.startswith(f"{name}.")


class _Moved(Loader):
    def __init__(self, target: str) -> None:
        self.target = target

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        made = importlib.import_module(self.target)
        self.spec = made.__spec__
        used.setdefault(f"alias {spec.name} -> {self.target}")
        return made

    def exec_module(self, module: types.ModuleType) -> None:
        module.__spec__ = self.spec  # the import system has just put the old name into it


class _Folder(Loader):
    def create_module(self, spec: ModuleSpec) -> types.ModuleType | None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        """There is nothing in it but modules."""


class _Stubbed(_Folder):
    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        used.setdefault(f"stub {spec.name}")
        return _Module(spec.name)


class _Module(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = _named(f"{self.__name__}.{name}")
        setattr(self, name, made)
        return made


def _named(path: str) -> Any:
    """What a name of a stubbed module is: an operator, a class, or something that can be called."""
    name = path.rsplit(".", 1)[-1]
    if re.fullmatch(r"[A-Z]\w*(?:Operator|Sensor)", name):
        return _operator(path, name)
    if re.fullmatch(r"[A-Z]\w*(?:Error|Exception)", name):
        return type(name, (Exception,), {"__module__": path.rpartition(".")[0]})
    if re.fullmatch(r"[A-Z]\w*[a-z]\w*", name):
        return type(name, (Stub,), {"_path": path, "__module__": path.rpartition(".")[0]})
    return Stub(path)


def _operator(path: str, name: str) -> Any:
    """An operator, so that the DAG has the task; to run it is to run the stub."""
    base = names.base_operator()
    known = set(inspect.signature(base.__init__).parameters) - {"self", "kwargs"}

    def __init__(self: Any, *arguments: Any, **named: Any) -> None:
        base.__init__(self, **{key: value for key, value in named.items() if key in known})

    def execute(self: Any, context: Any) -> None:
        _note(path)

    made = type(name, (base,), {"__module__": path.rpartition(".")[0], "__init__": __init__, "execute": execute})
    return made


def _note(path: str) -> None:
    if _state["task runs"]:
        ran.setdefault(path)


class Stub:
    """Answers whatever is asked of it with another of its kind."""

    _path = ""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        if not type(self)._path:
            self._path = str(arguments[0])
        _note(self._path)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_path":
            raise AttributeError(name)
        _note(self._path)
        return Stub(f"{self._path}.{name}")

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Another stub; a function or class that is all it is given comes back as it is."""
        if len(arguments) == 1 and not named and isinstance(arguments[0], (types.FunctionType, type)):
            return arguments[0]  # it may be a decorator
        _note(self._path)
        return Stub(f"{self._path}()")

    def __str__(self) -> str:
        _note(self._path)
        return f"<stub {self._path}>"

    __repr__ = __str__

    def __iter__(self) -> Any:
        _note(self._path)
        return iter(())

    def __getitem__(self, key: Any) -> Any:
        return Stub(f"{self._path}[{key!r}]")

    def __len__(self) -> int:
        _note(self._path)
        return 0

    def __bool__(self) -> bool:
        _note(self._path)
        return True

    def __add__(self, other: Any) -> Any:
        _note(self._path)
        return Stub(f"{self._path}+")

    # texts are put together at the top of files: HOST + "/path", "%s" % HOST
    __radd__ = __mod__ = __rmod__ = __truediv__ = __rtruediv__ = __add__

    def __enter__(self) -> Any:
        return Stub(f"{self._path}()")

    def __exit__(self, *error: Any) -> None:
        _note(self._path)
