"""What a DAG file imports, read from its source and from the repository's modules that it takes in."""

from __future__ import annotations

import ast
import contextlib
import fnmatch
import functools
import importlib.metadata
import importlib.util
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from pytest_dagguard.engine import facts
from pytest_dagguard.engine.sources import folders_of

_PROVIDERS = "airflow.providers"

_OLD = re.compile(
    r"airflow\.(contrib|datasets|kubernetes|operators\.(dummy|\w+_operator)|sensors\.\w+_(sensor|operator)|hooks\.\w+_hook"
    r"|utils\.dates)(\.|$)"
)
"""Modules of Airflow 2 that no Airflow 3 has."""

NEWER = re.compile(r"airflow\.sdk(\.|$)")
"""Modules of Airflow 3 that no Airflow 2 has."""


@dataclass(frozen=True, slots=True)
class Needed:
    """What files need to load, each name once and in order.

    :param modules: that they import
    :param moved: names that the Airflow here has elsewhere, or not at all
    :param environment: environment variables that are read without a default
    :param variables: Airflow Variables that are asked for without a default
    """

    modules: dict[str, None] = field(default_factory=dict)
    moved: dict[str, None] = field(default_factory=dict)
    environment: dict[str, None] = field(default_factory=dict)
    variables: dict[str, None] = field(default_factory=dict)

    def take(self, more: Needed) -> None:
        """Add what another file needs."""
        for each in fields(self):
            getattr(self, each.name).update(getattr(more, each.name))


class Imports:
    """Tells which modules are here, which are elsewhere in the repository, and which are nowhere."""

    def __init__(self, root: Path, folders: Sequence[str], stand_ins: Sequence[str] = ()) -> None:
        """
        :param root: of the repository
        :param folders: that modules are imported from beside Python's own
        :param stand_ins: modules that something stands in for, with ``*`` for any part
        """
        self.root, self.folders, self.stand_ins = root, tuple(folders), tuple(stand_ins)
        self._read: dict[Path, tuple[tuple[str, ...], Needed]] = {}
        self._homes: dict[str, set[str]] | None = None

    def of_file(self, path: Path) -> Needed:
        """What a file, and the own modules that it imports, need to load; of modules, those that are absent."""
        needed = Needed()
        queue, seen = [path], {path}
        while queue:
            names, more = self._of_one(queue.pop(0))
            needed.take(more)
            for name in names:
                own = self._own(name)
                if own is None and not self._stood_in(name) and (lacking := self._absent(name)):
                    needed.modules.setdefault(lacking)
                queue += [each for each in own or () if each not in seen]
                seen.update(own or ())
        return needed

    def home(self, name: str) -> str:
        """The folder of the repository from which a module could be imported; empty where that is none, or not one.

        :returns: relative to the root; ``..`` where the repository itself is the module
        """
        top = name.partition(".")[0]
        if top == self.root.name:
            return ".."
        if self._homes is None:
            sources = _sources(self.root)
            # where the repository is a package by its own name, nothing in it is imported by another
            self._homes = {} if _imports(self.root.name, sources.values()) else _homes(self.root, sources)
        found = self._homes.get(top, set())
        return next(iter(found)) if len(found) == 1 else ""

    def _of_one(self, path: Path) -> tuple[tuple[str, ...], Needed]:
        if path not in self._read:
            self._read[path] = _needed(path)
        return self._read[path]

    def _own(self, name: str) -> list[Path] | None:
        """The repository's files that are run when a module is imported; None where it has no such module."""
        parts = name.split(".")
        homes = list(self.folders)
        if not _is_installed(parts[0]) and (home := self.home(name)):
            homes.append(str(self.root / home))
        for each in homes:
            found = [
                file
                for number in range(1, len(parts) + 1)
                for file in (Path(each, *parts[:number], "__init__.py"), Path(each, *parts[:number]).with_suffix(".py"))
                if file.is_file()
            ]
            if found or Path(each, parts[0]).is_dir():
                return found
        return None

    def _stood_in(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, each) or name.startswith(f"{each}.") for each in self.stand_ins)

    def _absent(self, name: str) -> str:
        """The package to install for a module; empty where it is here."""
        if name.startswith(f"{_PROVIDERS}."):
            return absent_provider(name)
        top = name.partition(".")[0]
        return "" if _is_installed(top) else top


@functools.lru_cache(maxsize=1024)
def _is_installed(top: str) -> bool:
    if top in sys.modules:
        return True
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False


_FAMILIES = ("apache", "atlassian", "cncf", "common", "dbt", "microsoft")
"""Providers whose names have two parts."""


@functools.lru_cache(maxsize=256)
def absent_provider(name: str) -> str:
    """Name of the provider that has a module, where it is not installed; empty where it is.

    Asked of what is installed: to have Python find a submodule is to import Airflow.
    """
    first, *rest = name.removeprefix(f"{_PROVIDERS}.").split(".")
    parts = [first, *rest[:1]] if first in _FAMILIES else [first]
    try:
        importlib.metadata.version("-".join(["apache-airflow-providers", *parts]).replace("_", "-"))
    except importlib.metadata.PackageNotFoundError:
        return ".".join([_PROVIDERS, *parts])
    return ""


def _needed(path: Path) -> tuple[tuple[str, ...], Needed]:
    """What a file imports where that may not fail, and the rest of what it needs while it loads."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError, RecursionError):
        return (), Needed()
    guarded = {
        each for node in ast.walk(tree) if isinstance(node, ast.Try) for part in node.body for each in ast.walk(part)
    }
    names: dict[str, None] = {}
    needed = Needed()
    is_older = facts.is_airflow_2()
    foreign = NEWER if is_older else _OLD
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and node not in guarded:
            found = [each for each in _imported(node) if not foreign.match(each)]
            names.update(dict.fromkeys(found))
            needed.moved.update(dict.fromkeys(each for each in _imported(node) if each not in found))
        elif name := _environment(node):
            needed.environment.setdefault(name)
        elif isinstance(node, ast.keyword) and node.arg == "schedule_interval" and not is_older:
            needed.moved.setdefault(node.arg)
    for node in _at_load(tree):
        if name := _variable(node):
            needed.variables.setdefault(name)
    return tuple(names), needed


def _at_load(node: ast.AST) -> Iterator[ast.AST]:
    """What is run as the file is loaded, so far as it is in no function."""
    for each in ast.iter_child_nodes(node):
        if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Try):
            yield each
            yield from _at_load(each)


def _variable(node: ast.AST) -> str:
    """The name in ``Variable.get("name")`` where no default is given, empty for anything else."""
    if not isinstance(node, ast.Call) or ast.unparse(node.func) != "Variable.get" or len(node.args) != 1:
        return ""
    name = node.args[0]
    given = {each.arg for each in node.keywords} & {"default", "default_var"}
    return str(name.value) if isinstance(name, ast.Constant) and not given else ""


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Full names of what is imported; ``from a import b`` may name the module ``a.b``."""
    if isinstance(node, ast.Import):
        yield from (each.name for each in node.names)
    elif node.module and not node.level:
        yield node.module
        if not node.module.startswith("airflow"):
            yield from (f"{node.module}.{each.name}" for each in node.names)


def _environment(node: ast.AST) -> str:
    """The name in ``os.environ["NAME"]``, empty for anything else."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
        return ""
    if ast.unparse(node.value) not in ("os.environ", "environ") or not isinstance(node.slice, ast.Constant):
        return ""
    return str(node.slice.value)


def _sources(root: Path) -> dict[Path, bytes]:
    found = {}
    for folder, _, files in folders_of(root):
        for path in (Path(folder, each) for each in files):
            with contextlib.suppress(OSError):
                found[path] = path.read_bytes()
    return found


def _imports(name: str, sources: Iterable[bytes]) -> bool:
    pattern = re.compile(rb"^[ \t]*(?:from|import)[ \t]+" + re.escape(name.encode()) + rb"\b", re.MULTILINE)
    return any(pattern.search(each) for each in sources)


def _homes(root: Path, sources: Mapping[Path, bytes]) -> dict[str, set[str]]:
    """Module -> the folders of the repository in which it is, relative to the root."""
    packages = {path.parent for path in sources if path.name == "__init__.py" and path.parent.name != "plugins"} - {
        root
    }
    found: dict[str, set[str]] = {}
    for path, source in sources.items():
        if path.parent != root and path.parent.parent not in packages:
            found.setdefault(path.parent.name, set()).add(os.path.relpath(path.parent.parent, root))
        # one that imports a module of its own name means another
        if path.parent not in packages and not _imports(path.stem, [source]):
            found.setdefault(path.stem, set()).add(os.path.relpath(path.parent, root))
    return found
