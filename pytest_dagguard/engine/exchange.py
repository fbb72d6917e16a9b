"""Loads shared between the processes of one run: each DAG file is loaded by one of them, and all see the same.

The processes of pytest-xdist each collect every file. With this, whoever comes first to a file claims it and loads it,
and the others take what came of it. That holds for files that differ at each load too.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from pytest_dagguard.model import description
from pytest_dagguard.model.dag import DagFile

LOOK_AGAIN = 0.02
"""Seconds between two looks for what another process loads."""


class Exchange:
    """One process's end of it."""

    def __init__(self, folder: Path, patience: float) -> None:
        """
        :param folder: of this run alone
        :param patience: seconds to wait for another process's load before doing it here
        """
        self._folder = folder
        self._patience = patience
        self._mine: set[Path] = set()

    def claim(self, path: Path) -> bool:
        """Say whether it falls to this process to load a file; nobody is told so twice."""
        if path in self._mine:
            return True
        with contextlib.suppress(OSError):
            descriptor = os.open(self._place(path, "claim"), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            os.write(descriptor, str(os.getpid()).encode())
            os.close(descriptor)
            self._mine.add(path)
        return path in self._mine

    def give(self, path: Path, loaded: DagFile) -> None:
        """Let the others have what came of a load."""
        with contextlib.suppress(OSError):  # they will wait in vain, and load it themselves
            new = self._place(path, f"{os.getpid()}")
            new.write_text(json.dumps(description.to_plain(loaded)), encoding="utf-8")
            new.replace(self._place(path, "json"))

    def take(self, path: Path) -> DagFile | None:
        """What came of another process's load, waited for; None where that process is gone or takes too long."""
        deadline = time.monotonic() + self._patience
        for found in self._looks(path):
            if found is not None:
                return found
            if time.monotonic() > deadline or not self._has_owner(path):
                break
            time.sleep(LOOK_AGAIN)
        return next(self._looks(path))

    def _looks(self, path: Path) -> Iterator[DagFile | None]:
        while True:
            try:
                yield description.from_plain(json.loads(self._place(path, "json").read_bytes()))
            except (OSError, ValueError, KeyError, TypeError):
                yield None

    def _has_owner(self, path: Path) -> bool:
        try:
            pid = self._place(path, "claim").read_text()
            # between the claim and the number in it there is a moment
            return not pid or os.path.exists(f"/proc/{int(pid)}")
        except (OSError, ValueError):
            return False

    def _place(self, path: Path, kind: str) -> Path:
        return self._folder / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:32]}.{kind}"
