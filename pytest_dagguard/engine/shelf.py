"""Loads kept from one run to the next, in pytest's cache folder.

What is kept holds as long as all that it rested on is as it was: the file and what it imports or reads, the environment
variables that were read, Variables and connections, the configuration, what is installed, and the day. A load of which
that cannot be told is not kept, and what cannot be read is as good as not there: then the file is loaded again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from pytest_dagguard import __version__
from pytest_dagguard.engine.lab import Options, airflow_environment
from pytest_dagguard.engine.surprises import surprising
from pytest_dagguard.isolation.environment import cleaned, no_metadata
from pytest_dagguard.model import description
from pytest_dagguard.model import needs as states
from pytest_dagguard.model.dag import DagFile
from pytest_dagguard.model.needs import Needs

FORMAT = 1
SLOW = 2.5
"""Seconds; the time of a load that takes longer is measured anew each time."""
_MARK = "circumstances"
_INSTALLED = (".dist-info", ".egg-info", ".egg-link", ".pth")


class Shelf:
    """The kept loads of a repository."""

    def __init__(self, folder: Path, options: Options, environ: Mapping[str, str]) -> None:
        """
        :param folder: for nothing else; it is made when something is kept
        :param environ: the environment in which pytest was started
        """
        self._values = expected(options, environ)
        self.folder, self.key = folder, key_of(options, self._values)
        self._known: dict[tuple[str, str], str] = {}
        self._marked = False
        self.marks: dict[str, str] = {}
        """Path -> what stands for its load, of those that were kept or found."""

    def serves(self) -> bool:
        """Say whether loads were kept under the present circumstances, so that some may still hold."""
        try:
            return (self.folder / _MARK).read_text(encoding="utf-8") == self.key
        except (OSError, ValueError):
            return False

    def find(self, path: Path) -> DagFile | None:
        """What came of loading a file, where that still holds."""
        try:
            text = self._place(path).read_bytes()
            entry = json.loads(text)
            if entry["key"] != self.key or entry["loaded"]["path"] != str(path):
                return None
            needs = Needs(**{**entry["needs"], "paths": tuple(entry["needs"]["paths"])})
            if not self._holds(needs):
                return None
            found = description.from_plain(entry["loaded"], needs)
            self.marks[str(path)] = hashlib.sha256(text).hexdigest()[:32]
            return found
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
            return None

    def keep(self, loaded: DagFile, volatile: tuple[str, ...] = ()) -> str:
        """Keep what came of a load, or take away what was kept where that is not to be trusted.

        :param volatile: texts that are new in each run: nothing in which they occur is kept
        :returns: why it is not kept; empty where it is
        """
        place = self._place(Path(loaded.path))
        plain = description.to_plain(loaded)
        why = self._doubt(loaded, json.dumps(plain), volatile)
        try:
            if why:
                place.unlink(missing_ok=True)
                return why
            assert loaded.needs is not None
            entry = {"key": self.key, "needs": asdict(loaded.needs), "loaded": plain}
            self.folder.mkdir(parents=True, exist_ok=True)
            new = place.with_suffix(f".{os.getpid()}")
            text = json.dumps(entry).encode()
            new.write_bytes(text)
            new.replace(place)
            self.marks[loaded.path] = hashlib.sha256(text).hexdigest()[:32]
            if not self._marked:
                (self.folder / _MARK).write_text(self.key, encoding="utf-8")
                self._marked = True
        except OSError as failed:
            return f"it cannot be written: {failed}"
        return ""

    def _doubt(self, loaded: DagFile, text: str, volatile: tuple[str, ...]) -> str:
        needs = loaded.needs
        if needs is None:
            return "nobody noted what the load rested on"
        if needs.doubt:
            return f"the load {needs.doubt}"
        if loaded.errors:
            return "it does not load"
        if loaded.stand_ins:
            return "something stands in for a module that is not here"
        if loaded.own_seconds > SLOW:
            return "the load is slow"
        if any(each in text for each in volatile):
            return "it holds what is new in each run"
        if loaded.path not in needs.files:
            return "nobody noted that the file was read"
        for each in needs.files:
            if self._state("surprise", each, _surprise):
                return f"{os.path.basename(each)} asks for the time or for chance"
        if not self._holds(needs):
            return "it does not hold any more"
        return ""

    def _holds(self, needs: Needs) -> bool:
        joined = "\0".join(needs.paths)
        return (
            all(self._state("content", path, states.content) == was for path, was in needs.files.items())
            and all(self._state("status", path, states.status) == was for path, was in needs.statuses.items())
            and all(self._state("listing", path, states.listing) == was for path, was in needs.folders.items())
            and all(self._state("variable", name, self._mark) == was for name, was in needs.variables.items())
            and all(
                self._state(joined, name, lambda each: states.places(each, needs.paths)) == was
                for name, was in needs.modules.items()
            )
        )

    def _state(self, kind: str, what: str, find: Callable[[str], str]) -> str:
        """A state, found out once a run."""
        if (kind, what) not in self._known:
            self._known[kind, what] = find(what)
        return self._known[kind, what]

    def _mark(self, name: str) -> str:
        return states.mark(self._values.get(name))

    def _place(self, path: Path) -> Path:
        return self.folder / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:32]}.json"


def _surprise(path: str) -> str:
    try:
        return "surprise" if path.endswith(".py") and surprising(Path(path).read_text(encoding="utf-8")) else ""
    except (OSError, ValueError):
        return "surprise"


def expected(options: Options, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment that a load finds, without what is new in each run."""
    ours = airflow_environment(Path(os.devnull))
    return {**cleaned(environ), **ours, **options.environment, **no_metadata(), **options.environment}


def key_of(options: Options, values: Mapping[str, str]) -> str:
    """What every load rests on, in short.

    :param values: as :func:`expected` gives them
    """
    seed = options.seed
    parts = {
        "dagguard": [FORMAT, __version__, *_tree(Path(__file__).parents[1])],
        "python": [sys.version, sys.executable, sys.prefix],
        "installed": list(installed()),
        "options": [
            str(options.root),
            [str(each) for each in options.dags],
            list(options.paths),
            options.logical_date,
            options.auto_buckets,
            options.load_timeout,
            repr(options.limits),
            [list(options.stubs), sorted(options.aliases.items()), options.airflow2],
            sorted(options.environment.items()),
        ],
        "seed": [seed.variables, seed.connections, seed.xcoms, seed.parameters, seed.secrets, seed.tables],
        "variables": sorted((name, value) for name, value in values.items() if name.startswith(states.ALWAYS)),
        "configuration": states.content(values.get("AIRFLOW_CONFIG", "")),
        "day": today(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=repr).encode()).hexdigest()


def today() -> str:
    """The date: what a library makes of the clock while a file loads, which nobody sees, mostly goes by the day."""
    return datetime.now(timezone.utc).date().isoformat()


def installed() -> Iterator[str]:
    """Each installed distribution with its version and the time of its installation."""
    for path in sys.path:
        try:
            with os.scandir(path) as entries:
                found = [each for each in entries if each.name.endswith(_INSTALLED)]
                yield from sorted(f"{each.path} {each.stat().st_mtime_ns}" for each in found)
        except OSError:
            continue


def _tree(folder: Path) -> Iterator[str]:
    """Our own files: whoever works on them runs them as they are."""
    for path in sorted(folder.rglob("*.py")):
        found = path.stat()
        yield f"{path.relative_to(folder)} {found.st_size} {found.st_mtime_ns}"
