"""Changing modules when they have been imported, in a process that is an attempt and nowhere else."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

Change = Callable[[Any], None]


def change(changes: Mapping[str, Change]) -> None:
    """Change the modules that are there, and those that come.

    :param changes: name of a module -> what is done to it
    """
    for name, each in changes.items():
        if name in sys.modules:
            each(sys.modules[name])
    finder = next((each for each in sys.meta_path if isinstance(each, _Finder)), None)
    if finder is None:
        finder = _Finder()
        sys.meta_path.insert(0, finder)
    finder.changes.update(changes)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules as they are found without it, and has them changed when they have been executed."""

    def __init__(self) -> None:
        self.changes: dict[str, Change] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        change = self.changes.get(fullname)
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target) if change else None
        loader: Any = spec.loader if spec is not None else None
        if change is None or loader is None:
            return spec
        execute = loader.exec_module

        def execute_and_change(module: ModuleType) -> None:
            execute(module)
            change(module)

        loader.exec_module = execute_and_change
        return spec
