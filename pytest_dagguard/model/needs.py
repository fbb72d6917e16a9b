"""What the load of a DAG file rested on: as long as all of it is as it was, so is what came of the load."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

ABSENT = ""
"""The state of what is not there."""
ALWAYS = ("AIRFLOW", "PYTHON", "LANG", "LC_", "LD_", "TZ")
"""How environment variables begin that count for every load: Airflow's, and those that are read below Python."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a load looked at, each with the state that it was in.

    :param files: path -> :func:`content` of what was imported from outside of the installed packages, or read
    :param statuses: path -> :func:`status` of what the repository's code asked for without reading it
    :param folders: path -> :func:`listing` of what was listed
    :param modules: dotted name -> :func:`places` of what was imported, or could not be
    :param paths: the folders from which these would be imported, in order
    :param variables: name -> :func:`mark` of the environment variables that were read; absent ones too
    :param doubt: why nobody can tell what else the load rested on; empty where this is all
    """

    files: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)
    modules: Mapping[str, str] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    doubt: str = ""


def mark(value: str | None) -> str:
    """A short stand-in for a value, which may be secret."""
    return ABSENT if value is None else hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def content(path: str) -> str:
    """A stand-in for what is in a file."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()[:32]
    except IsADirectoryError:
        return "folder"
    except OSError:
        return ABSENT


def listing(path: str) -> str:
    """A stand-in for the names in a folder."""
    try:
        names = sorted(each for each in os.listdir(path) if each != "__pycache__")
    except OSError:
        return ABSENT
    return mark("\0".join(names))


def status(path: str) -> str:
    """What can be asked of a file without reading it; of a folder, that it is one."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return ABSENT
    if os.path.isdir(path):
        return "folder"
    return f"{found.st_mode} {found.st_size} {found.st_mtime_ns}"


def places(name: str, paths: Iterable[str]) -> str:
    """Where a module of that name is: a letter for each of the folders.

    :param name: dotted
    """
    part = name.replace(".", os.sep)
    return "".join(_place(os.path.join(each, part)) for each in paths)


def _place(path: str) -> str:
    if os.path.isdir(path):
        return "b" if os.path.isfile(f"{path}.py") else "d"
    return "f" if os.path.isfile(f"{path}.py") else "-"
