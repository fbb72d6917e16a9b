"""Which files are DAG files."""

from __future__ import annotations

import collections
import functools
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_MAKES_DAG = re.compile(rb"\bDAG\s*\(|@dag\b")


def is_dag_file(path: Path, folders: Sequence[Path], named: bool) -> bool:
    """Say whether Airflow would look for DAGs in a file.

    :param folders: the DAG folders, or single files
    :param named: the user named this very file on the command line
    """
    if path.suffix != ".py":
        return False
    home = next((each for each in folders if path == each or path.is_relative_to(each)), None)
    if home is None and not named:
        return False
    if home is not None and home.is_dir() and not named and _ignored(path, home):
        return False
    return named or may_contain_dag(path)


def dag_files(folders: Sequence[Path]) -> Iterator[Path]:
    """The DAG files in some folders, sorted."""
    for folder in folders:
        for path in sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]:
            if is_dag_file(path, folders, named=False):
                yield path


def likely_folders(root: Path) -> list[tuple[Path, int]]:
    """Folders of a repository in which DAG files seem to be, with how many, most first.

    They are the folders called ``dags``; where there is none, the one that has all DAG files in it.
    """
    found: collections.Counter[Path] = collections.Counter()
    for folder, folders, files in os.walk(root):
        folders[:] = [each for each in folders if each[0] != "." and each not in ("node_modules", "site-packages")]
        for path in (Path(folder, each) for each in files if each.endswith(".py")):
            if may_contain_dag(path) and _MAKES_DAG.search(path.read_bytes()):
                parents = [each for each in path.parents if each.is_relative_to(root)]
                found[next((each for each in parents if each.name == "dags"), path.parent)] += 1
    called = {folder: number for folder, number in found.items() if folder.name == "dags"}
    if not called and found:
        called = {Path(os.path.commonpath(found)): found.total()}
    return sorted(called.items(), key=lambda each: (-each[1], each[0]))


def may_contain_dag(path: Path) -> bool:
    """Airflow's own rule of thumb: a file that does not have both words is not loaded."""
    try:
        content = path.read_bytes().lower()
    except OSError:
        return True  # the load will say why
    return b"dag" in content and b"airflow" in content


def _ignored(path: Path, home: Path) -> bool:
    """Say whether an ``.airflowignore`` on the way to the file names it, in the glob syntax of Airflow 3.

    The files count from the top down, and the last pattern that fits decides; what is in a folder that is left out
    cannot be taken in again.
    """
    rules: list[tuple[Path, str, Any]] = []
    each = home
    for part in path.relative_to(home).parts:
        rules += [(each, pattern, spec) for pattern, spec in _patterns(each / ".airflowignore")]
        each = each / part
        left_out = False
        for folder, pattern, spec in rules:
            if each == path and pattern.endswith("/"):
                continue
            name = each.relative_to(folder).as_posix() if "/" in pattern.rstrip("/") else part
            include = spec.check_file(name if each == path else f"{name}/").include
            left_out = left_out if include is None else include
        if left_out:
            return True
    return False


@functools.lru_cache(maxsize=256)
def _patterns(file: Path) -> tuple[tuple[str, Any], ...]:
    if not file.is_file():
        return ()
    import pathspec

    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    found = [each for line in lines if (each := re.sub(r"\s*#.*", "", line).rstrip())]
    return tuple((each, pathspec.GitIgnoreSpec.from_lines([each])) for each in found)
