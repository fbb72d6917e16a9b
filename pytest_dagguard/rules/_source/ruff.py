"""What ruff's rules for Airflow say of the repository's files: one run of the program for all of them."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_dagguard.model.errors import DagguardError
from pytest_dagguard.model.rule import Source, Subject

CODES = ("AIR002", "AIR301", "AIR302", "AIR303", "AIR304", "AIR311", "AIR312", "AIR321")
_AT_ONCE = 400
"""Files on one command line, which must stay below the system's limit."""
_SECONDS = 300
_NOT_OURS = frozenset({"__pycache__", "node_modules", "site-packages", "venv"})


@dataclass(frozen=True, slots=True)
class Remark:
    """One diagnostic of ruff.

    :param code: ``AIR301``
    :param fix: what ruff would do, one line; may be empty
    """

    code: str
    line: int
    message: str
    fix: str


@dataclass(slots=True)
class _Known:
    """What ruff has said in this process.

    :param texts: content of a file that was asked for -> remarks
    :param files: real path -> how the file was when ruff read it, and remarks
    """

    texts: dict[str, tuple[Remark, ...]] = field(default_factory=dict)
    files: dict[str, tuple[tuple[int, int], tuple[Remark, ...]]] = field(default_factory=dict)


def remarks(subject: Subject) -> tuple[Remark, ...]:
    """What ruff says of the subject's source.

    The first question about a folder of the repository takes along all files in it, since to start ruff takes longer
    than to read a file. What it said is kept by the content of the file.

    :raises DagguardError: ruff cannot be run
    """
    source = subject.source
    if source is None or source.tree is None:
        return ()
    known = _known()
    if source.text not in known.texts:
        known.texts[source.text] = _asked(source, subject.repository.root, known)
    return known.texts[source.text]


@functools.lru_cache(maxsize=1)
def _known() -> _Known:
    return _Known()


def _asked(source: Source, root: Path, known: _Known) -> tuple[Remark, ...]:
    path = os.path.realpath(source.path)
    state = _state(path)
    if state is None or not _is_on_disk(source):
        said = _run(["-", "--stdin-filename", source.path.name], source.text)
        return tuple(remark for found in said.values() for remark in found)
    if known.files.get(path, (None, ()))[0] != state:
        _look({path, *_beside(source.path, root)}, known)
    return known.files[path][1]


def _look(paths: set[str], known: _Known) -> None:
    """Let ruff read those files that it has not read as they are now."""
    states = {path: state for path in paths if (state := _state(path)) is not None}
    new = sorted(path for path, state in states.items() if known.files.get(path, (None, ()))[0] != state)
    for start in range(0, len(new), _AT_ONCE):
        some = new[start : start + _AT_ONCE]
        said = _run(some)
        for path in some:
            known.files[path] = (states[path], tuple(said.get(path, ())))


def _beside(path: Path, root: Path) -> Iterator[str]:
    """The Python files in the same folder of the repository, with all folders in that."""
    parts = path.relative_to(root).parts if path.is_relative_to(root) else ()
    if len(parts) < 2:
        yield from (os.path.realpath(each) for each in path.parent.glob("*.py"))
        return
    for folder, folders, files in os.walk(root / parts[0]):
        inside = [each for each in folders if each[0] != "." and each not in _NOT_OURS]
        folders[:] = [each for each in inside if not os.path.exists(os.path.join(folder, each, "pyvenv.cfg"))]
        yield from (os.path.realpath(os.path.join(folder, each)) for each in files if each.endswith(".py"))


def _state(path: str) -> tuple[int, int] | None:
    """What differs once a file was written to; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size)


def _is_on_disk(source: Source) -> bool:
    try:
        return source.path.read_bytes() == source.text.encode("utf-8")
    except (OSError, UnicodeError):
        return False


def _run(arguments: Sequence[str], text: str | None = None) -> dict[str, list[Remark]]:
    """Run ruff; path -> remarks. Its own configuration and the user's do not count, ``# noqa`` does."""
    from ruff import find_ruff_bin

    command = [find_ruff_bin(), "check", "--isolated", "--no-cache", "--preview", "--exit-zero", "--quiet"]
    command += ["--select", ",".join(CODES), "--output-format", "json", *arguments]
    try:
        ran = subprocess.run(command, input=text, capture_output=True, text=True, timeout=_SECONDS, check=False)
        found = json.loads(ran.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise DagguardError(
            f"the rules for Airflow's interface call ruff, which did not answer: {error}. "
            "Install it again (pip install --force-reinstall ruff) or ignore implicit-schedule, dynamic-dag-arg, "
            "removed-api and moved-api."
        ) from error
    said: dict[str, list[Remark]] = {}
    for each in found:
        if str(each.get("code") or "").startswith("AIR"):
            fix = (each.get("fix") or {}).get("message") or ""
            remark = Remark(each["code"], each["location"]["row"], " ".join(each["message"].split()), fix)
            said.setdefault(os.path.realpath(each["filename"]), []).append(remark)
    return said
