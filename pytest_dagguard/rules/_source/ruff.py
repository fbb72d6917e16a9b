"""What ruff's rules for Airflow say of the repository's files: one run of the program for all of them."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_dagguard.model.errors import DagguardError
from pytest_dagguard.model.rule import Source, Subject

CODES = ("AIR002", "AIR301", "AIR302", "AIR303", "AIR304", "AIR311", "AIR312", "AIR321")
_AT_ONCE = 400
"""Files on one command line, which must stay below the system's limit."""
_SECONDS = 300


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


def remarks(subject: Subject) -> tuple[Remark, ...]:
    """What ruff says of the subject's source.

    The first question about a file that was not seen before takes every other new file of the repository along; what
    ruff said is kept by the content of the file.

    :raises DagguardError: ruff cannot be run
    """
    if subject.source is None or subject.source.tree is None:
        return ()
    known = _known()
    if subject.source.text not in known:
        new = [each for each in subject.repository.sources.values() if each.tree is not None and each.text not in known]
        _look([subject.source, *new])
    return known[subject.source.text]


@functools.lru_cache(maxsize=1)
def _known() -> dict[str, tuple[Remark, ...]]:
    """Content of a file -> what ruff said of it. Kept as long as the process."""
    return {}


def _look(sources: Sequence[Source]) -> None:
    known = _known()
    on_disk = {str(each.path): each for each in sources if _is_on_disk(each)}
    paths = list(on_disk)
    for start in range(0, len(paths), _AT_ONCE):
        said = _run(paths[start : start + _AT_ONCE])
        for path in paths[start : start + _AT_ONCE]:
            known[on_disk[path].text] = tuple(said.get(os.path.realpath(path), ()))
    for each in sources:
        if each.text not in known:
            said = _run(["-", "--stdin-filename", each.path.name], each.text)
            known[each.text] = tuple(remark for found in said.values() for remark in found)


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
