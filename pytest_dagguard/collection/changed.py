"""Which DAG files ``--dagguard-changed REV`` leaves: those that changed since a revision, and those that changes reach.

A file reaches another by an import, directly or through modules between them, or where the other names it: a DAG that
says ``sql/load.sql`` is reached by that file. The imports are read from the source.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pytest_dagguard.model.errors import ConfigurationError

_EVERYTHING = ("pyproject.toml", "conftest.py")
"""What changes how every file is looked at."""


def since(root: Path, revision: str) -> frozenset[Path]:
    """The files that differ from a revision, those that git does not know yet among them; absolute paths.

    :raises ConfigurationError: git cannot tell
    """
    there = ["git", "-C", str(root), "-c", "core.quotepath=off"]
    # "--" after the revision: a name that is both a branch and a file is the branch
    found = _run([*there, "diff", "--name-only", "--no-renames", "-z", revision, "--"], revision)
    found += _run([*there, "ls-files", "--others", "--exclude-standard", "--full-name", "-z"], revision)
    top = Path(_run([*there, "rev-parse", "--show-toplevel"], revision).strip())
    return frozenset(top / name for name in found.split("\0") if name)


def _run(command: Sequence[str], revision: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError as missing:
        raise ConfigurationError("--dagguard-changed: git is not installed, and is asked what has changed") from missing
    except subprocess.CalledProcessError as failed:
        said = (failed.stderr.strip().splitlines() or ["git failed"])[0]
        raise ConfigurationError(
            f"--dagguard-changed={revision}: {said}; name a commit, a branch or a tag of this repository"
        ) from failed
    return done.stdout


def reached(changed: frozenset[Path], root: Path, folders: Iterable[Path], seed: Path) -> frozenset[Path] | None:
    """The Python files that changes reach; None for all of them.

    :param folders: from which modules are imported, beside the root
    :param seed: folder with the input data, on which every scenario depends
    """
    if any(each in {root / name for name in _EVERYTHING} or each.is_relative_to(seed) for each in changed):
        return None
    bases = list(dict.fromkeys([*folders, root]))
    importers: dict[Path, set[Path]] = {}
    for path in _sources(bases):
        for imported in _imports(path, bases):
            importers.setdefault(imported, set()).add(path)
    found: set[Path] = set()
    queue = [*changed, *_namers({each.name for each in changed if each.suffix != ".py"}, bases)]
    while queue:
        each = queue.pop()
        if each not in found:
            found.add(each)
            queue.extend(importers.get(each, ()))
    return frozenset(found)


def _sources(bases: Iterable[Path]) -> Iterator[Path]:
    seen: set[Path] = set()
    for base in bases:
        for path in base.rglob("*.py"):
            hidden = any(part[0] == "." or part == "site-packages" for part in path.relative_to(base).parts)
            if not hidden and path not in seen:
                seen.add(path)
                yield path


def _namers(names: set[str], bases: Iterable[Path]) -> Iterator[Path]:
    """Files in whose text one of these names stands."""
    if names:
        for path in _sources(bases):
            text = path.read_text(encoding="utf-8", errors="replace")
            if any(name in text for name in names):
                yield path


def _imports(path: Path, bases: Sequence[Path]) -> Iterator[Path]:
    """The repository's files that a file imports; of a package its ``__init__`` too."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files(alias.name.split("."), bases)
        elif isinstance(node, ast.ImportFrom):
            start = [path.parents[node.level - 1]] if node.level else list(bases)
            parts = node.module.split(".") if node.module else []
            for alias in node.names:
                yield from _files([*parts, alias.name], start)


def _files(parts: Sequence[str], bases: Sequence[Path]) -> Iterator[Path]:
    for base in bases:
        at = base
        for part in parts:
            at = at / part
            yield from (each for each in (at.with_suffix(".py"), at / "__init__.py") if each.is_file())
