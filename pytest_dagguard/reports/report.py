"""What a report format is. A new one is one new file beside this one, with ``REPORT = Report(...)``."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_dagguard.model.errors import DagguardError
from pytest_dagguard.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The run that the verdicts are from.

    :param dagguard: version of pytest-dagguard
    :param airflow: version of Airflow
    :param python: version of Python
    :param seconds: wall time of the whole run
    """

    dagguard: str
    airflow: str
    python: str
    seconds: float


Items = Sequence[tuple[str, Verdict]]
"""Node id -> verdict, in the order of the run."""


@dataclass(frozen=True, slots=True)
class Report:
    """One format.

    :param summary: one line for ``--dagguard-list``
    :param write: writes the verdicts to a path; raises :class:`DagguardError` where it cannot
    """

    summary: str
    write: Callable[[Items, RunFacts, Path], None]


_STREAMS = {"/dev/stdout": 1, "/dev/stderr": 2}


def save(path: Path, text: str) -> None:
    """Write a report whole or not at all: whoever reads it never sees the half of one.

    :param path: the folders above it are made
    :raises DagguardError: it cannot be written
    """
    try:
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
        stream = _STREAMS.get(str(path))
        if stream is not None or (path.exists() and not path.is_file()):
            # Standard output and named pipes are to be written to, and not to be replaced; nor is the file that a
            # shell has sent the output to, and what is printed later shall not overwrite the report in it.
            with open(path if stream is None else os.dup(stream), "w", encoding="utf-8") as file:
                file.write(text)
            return
        # A link stays a link; what it leads to is replaced.
        target = path.resolve()
        unfinished = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            unfinished.write_text(text, encoding="utf-8")
            os.replace(unfinished, target)
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink()
    except OSError as error:
        raise DagguardError(f"--dagguard-report: cannot write {path}: {error.strerror}") from error
