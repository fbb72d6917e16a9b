"""The verdicts of rules kept from one run to the next, where nothing at all has changed.

A rule may look at any file of the repository. So what it said holds as long as the loads are the kept ones and no file
below the root has changed; else all rules look again, which costs a tenth of what loading does.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_dagguard.engine.hygiene import Hygiene, Key
from pytest_dagguard.engine.sources import NOT_OURS
from pytest_dagguard.model import verdict as verdicts
from pytest_dagguard.model.needs import content, status

_READ = frozenset({".py", ".sql", ".hql", ".toml", ".txt", ".lock", ".yaml", ".yml", ".cfg", ".ini"})
"""Files that are compared by what is in them; others by size and time."""
_NAME = "verdicts.json"


class Ledger:
    """The kept verdicts of one repository."""

    def __init__(self, folder: Path, key: str, root: Path, environ: Mapping[str, str]) -> None:
        """
        :param folder: of the kept loads
        :param key: what every load and the choice of rules rest on
        """
        self._file = folder / _NAME
        self._root = root
        self._outside = bool(environ.get("AIRFLOW__CORE__PLUGINS_FOLDER"))
        self._key = key
        self._kept: dict[str, Any] | None = None
        self._now = ""

    def fill(self, hygiene: Hygiene, path: str, loads: Mapping[str, str]) -> None:
        """Give the rules that look at one file alone what they said, where that holds.

        :param path: of a file whose load was a kept one
        :param loads: path -> mark, of all files that were loaded so far
        """
        kept = self._read()
        if kept and kept["loads"].get(path) == loads[path]:
            _give(hygiene, kept, path, whole=False)
            hygiene.note_used({file: {(line, rule) for line, rule in each} for file, each in kept["used"].items()})

    def finish(self, hygiene: Hygiene, loads: Mapping[str, str]) -> None:
        """Give the rules that wait for all files what they said, where they are the same files."""
        kept = self._read()
        if kept and kept["loads"] == loads:
            for path in loads:
                _give(hygiene, kept, path, whole=True)
            told = {tuple(key): verdicts.from_plain(each) for key, each in kept["files"].get("", ())}
            for name in hygiene.of_repository():
                hygiene.take((name, "", ""), told.get((name, "", "")))

    def keep(self, hygiene: Hygiene, loads: Mapping[str, str]) -> None:
        """Keep what all rules said; nothing where one was not asked, or could not tell."""
        if not loads or loads.keys() != hygiene.files.keys() or not self._trusts(loads) or self._kept_as(loads):
            return
        files: dict[str, list[Any]] = {}
        for key in _all_of(hygiene, loads):
            found = hygiene.judged(key)
            if found is None or found.verdict == verdicts.INCONCLUSIVE:
                return
            if found.findings or found.notes:
                files.setdefault(key[1], []).append((key, verdicts.to_plain(found)))
        used = {file: sorted(each) for file, each in hygiene.used().items()}
        entry = {"key": self._key, "tree": self._tree(), "loads": dict(loads), "files": files, "used": used}
        new = self._file.with_suffix(f".{os.getpid()}")
        try:
            new.write_text(json.dumps(entry), encoding="utf-8")
            new.replace(self._file)
        except OSError:
            return

    def _kept_as(self, loads: Mapping[str, str]) -> bool:
        kept = self._read()
        return bool(kept) and kept["loads"] == loads

    def _read(self) -> dict[str, Any]:
        if self._kept is None:
            self._kept = {}
            try:
                found = json.loads(self._file.read_bytes())
                holds = found["key"] == self._key and self._trusts(found["loads"]) and found["tree"] == self._tree()
                self._kept = found if holds else {}
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                pass
        return self._kept

    def _trusts(self, loads: Mapping[str, str]) -> bool:
        """Whether all that a rule may look at lies below the root: rules look at the folder around a DAG folder too."""
        if self._outside:
            return False
        return all(Path(each).is_relative_to(self._root) and Path(each).parent != self._root for each in loads)

    def _tree(self) -> str:
        """A stand-in for all files of the repository."""
        if not self._now:
            mark = hashlib.sha256()
            for path in _files(self._root):
                known = content(path) if os.path.splitext(path)[1] in _READ else status(path)
                mark.update(f"{path}\0{known}\n".encode("utf-8", "surrogateescape"))
            self._now = mark.hexdigest()
        return self._now


def _give(hygiene: Hygiene, kept: Mapping[str, Any], path: str, whole: bool) -> None:
    told = {tuple(key): verdicts.from_plain(each) for key, each in kept["files"].get(path, ())}
    for name, dag in hygiene.of_file(path, whole):
        key = (name, path, dag.dag_id if dag else "")
        hygiene.take(key, told.get(key))


def _all_of(hygiene: Hygiene, loads: Mapping[str, str]) -> Iterator[Key]:
    for path in loads:
        for whole in (False, True):
            for name, dag in hygiene.of_file(path, whole):
                yield name, path, dag.dag_id if dag else ""
    for name in hygiene.of_repository():
        yield name, "", ""


def _files(root: Path) -> Iterator[str]:
    """Every file, without hidden folders, what tools make, and virtual environments."""
    for folder, folders, files in os.walk(root):
        inside = sorted(each for each in folders if each[0] != "." and each not in NOT_OURS - {"tests", "test"})
        folders[:] = [each for each in inside if not os.path.exists(os.path.join(folder, each, "pyvenv.cfg"))]
        for file in sorted(files):
            yield os.path.join(folder, file)
