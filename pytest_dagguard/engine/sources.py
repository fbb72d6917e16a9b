"""The repository's own Python files as text and syntax trees, read when a rule wants them."""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_dagguard.model.rule import Source

NOT_OURS = frozenset(
    {"__pycache__", "node_modules", "site-packages", "build", "dist", "venv", "env", "virtualenv", "tests", "test"}
)
MOST_BYTES = 2_000_000
KEPT = 256
"""Files that are kept as syntax trees, which take thirty times their text; one more is read again when it is wanted."""


class Sources(Mapping[str, Source]):
    """Path relative to the root -> source.

    To iterate is to look through the repository's folders, without hidden ones, virtual environments and tests. A file
    that is asked for by name is read wherever it is. Those that were asked for last are kept.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[str, Source | None] = {}
        self._names: tuple[str, ...] | None = None

    def __getitem__(self, name: str) -> Source:
        found = self._read[name] = self._read.pop(name) if name in self._read else _read(self._root / name, name)
        if len(self._read) > KEPT:
            del self._read[next(iter(self._read))]
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        if self._names is None:
            self._names = tuple(_walk(self._root))
        return (name for name in self._names if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        try:
            self[str(name)]
        except KeyError:
            return False
        return True


def _read(path: Path, name: str) -> Source | None:
    try:
        if not name.endswith(".py") or path.stat().st_size > MOST_BYTES:
            return None
        content = path.read_bytes()
    except OSError:
        return None
    text = content.decode("utf-8", "replace")
    tree = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    return Source(path, name, text, tree)


def folders_of(root: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Each folder of a repository with its folders and its Python files, without what is none of its code."""
    for folder, folders, files in os.walk(root):
        inside = sorted(each for each in folders if each[0] != "." and each not in NOT_OURS)
        folders[:] = [each for each in inside if not os.path.exists(os.path.join(folder, each, "pyvenv.cfg"))]
        yield folder, list(folders), sorted(each for each in files if each.endswith(".py"))


def _walk(root: Path) -> Iterator[str]:
    for folder, _, files in folders_of(root):
        yield from (os.path.relpath(os.path.join(folder, file), root) for file in files)
