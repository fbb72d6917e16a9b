"""Which files are DAG files."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any


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
