"""What a DAG file does while it is loaded, apart from making DAGs: each with the repository's line that does it.

Python tells of connections, programs, files and the environment by itself (PEP 578), whatever library is used.
Variables and connections go over the channel to the Execution API. What Python does in order to import a module is not
the file's doing, nor is what its own machine was set up with.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from pytest_dagguard.model.dag import LoadEvent
from pytest_dagguard.stage.needs import Record
from pytest_dagguard.stage.where import is_own

MOST = 100
"""Events of one file; a loop of lookups is one fault."""
_IMPORTER = "<frozen importlib._bootstrap"
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_LOOKUPS = {"GetVariable": ("variable", "key"), "GetConnection": ("connection", "conn_id"), "GetXCom": ("xcom", "key")}


class Watch:
    """Notes what happens from :meth:`begin` to :meth:`end`. To be made in a process that ends after the load: an audit
    hook cannot be taken out again.
    """

    def __init__(self, root: str, refused: str = "", record: Record | None = None) -> None:
        """
        :param root: of the repository: what its files do is noted
        :param refused: file into which refused connections are written, which is not the DAG file's doing
        :param record: takes note of what the load rests on
        """
        self.events: dict[tuple[str, str, str, int], LoadEvent] = {}
        self.imported = 0.0
        self._root = root
        self._refused = refused
        self.record = record
        self._ports: dict[int, str] = {}
        self._on = False
        self._checks: dict[str, Callable[[tuple[Any, ...]], None]] = {
            "open": self._open,
            "os.mkdir": lambda given: self._file(given[0]),
            "os.remove": lambda given: self._file(given[0]),
            "os.rename": lambda given: self._file(given[1]),
            "os.rmdir": lambda given: self._file(given[0]),
            "os.putenv": lambda given: self._note("environment", _text(given[0]), imports=False),
            "os.unsetenv": lambda given: self._note("environment", _text(given[0]), imports=False),
            "os.system": lambda given: self._note("program", _text(given[0])),
            "subprocess.Popen": lambda given: self._note("program", _command(given[1] or given[0])),
            "os.posix_spawn": lambda given: self._note("program", _command(given[1] or given[0])),
            "socket.connect": self._connect,
            "socket.getaddrinfo": self._look_up,
        }

    def install(self) -> None:
        """Hear of what Python does. Before a hook that refuses some of it: what was refused was tried."""

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            if self._on:
                check = self._checks.get(event)
                if check is not None:
                    self._on = False
                    try:
                        check(arguments)
                    finally:
                        self._on = True

        sys.addaudithook(hook)

    def begin(self, endpoints: Mapping[str, str]) -> None:
        """Note what happens from now on.

        :param endpoints: service -> URL, to call what listens on a port of this machine by its name
        """
        self._ports = {port: name for name, url in endpoints.items() if (port := urlsplit(url).port)}
        warnings.simplefilter("always", DeprecationWarning)
        self._time_imports()
        self._on = True

    def end(self) -> None:
        """Note nothing any more."""
        self._on = False

    def asked(self, message: Any, ask: Callable[[], Any]) -> Any:
        """Have a request to the Execution API answered, and note it if it is a look-up."""
        kind, name = _LOOKUPS.get(type(message).__name__, ("", ""))
        was, self._on = self._on, False  # the request itself goes over a socket
        try:
            if kind and was:
                self._note(kind, str(getattr(message, name, "")))
            return ask()
        finally:
            self._on = was

    def warned(self, texts: list[str]) -> None:
        """Note warnings, as ``file:line: class: text``, that Airflow or a provider gives of what will be removed."""
        for each in texts:
            place, _, rest = each.partition(": ")
            file, _, line = place.rpartition(":")
            category, _, text = rest.partition(": ")
            if category.startswith("airflow.") and _announces(category):
                own = is_own(file, [self._root])
                first = text.strip().splitlines()[0] if text.strip() else category
                found = LoadEvent("warning", first, file if own else "", int(line) if own and line.isdigit() else 0)
                self.events.setdefault((found.kind, found.what, found.file, found.line), found)

    def _note(self, kind: str, what: str, imports: bool = True) -> None:
        """
        :param imports: note it too where a module does it that the file imports
        """
        site = _site(sys._getframe(2), self._root, imports)
        if site is not None and len(self.events) < MOST:
            found = LoadEvent(kind, what[:200], *site)
            self.events.setdefault((kind, what, *site), found)

    def _open(self, given: tuple[Any, ...]) -> None:
        path, mode, flags = given
        writes = any(each in mode for each in "wax+") if isinstance(mode, str) else bool((flags or 0) & _WRITES)
        if writes:
            self._file(path)

    def _file(self, path: Any) -> None:
        name = _text(path)
        if isinstance(path, (str, bytes, os.PathLike)) and name != self._refused:
            if name.startswith(("/dev/", "/proc/")):
                return
            self._note("write", name, imports=False)

    def _connect(self, given: tuple[Any, ...]) -> None:
        address = given[1]
        if isinstance(address, tuple) and len(address) >= 2:
            host, port = address[:2]
            known = self._ports.get(port) if str(host).startswith("127.") or host == "::1" else None
            if known != "airflow":
                self._doubt("uses the network")
                self._note("network", known or f"{_text(host)}:{port}")

    def _look_up(self, given: tuple[Any, ...]) -> None:
        host = _text(given[0] or "")
        if host and host not in ("localhost", "127.0.0.1", "::1"):
            self._doubt("uses the network")
            self._note("network", f"{host}:{_text(given[1])}" if given[1] else host)

    def _doubt(self, why: str) -> None:
        if self.record is not None:
            self.record.doubt(why)

    def _time_imports(self) -> None:
        """Have the time that third-party modules take to import added up: a worker that is warm does not spend it."""
        bootstrap: Any = vars(importlib)["_bootstrap"]
        find_and_load = bootstrap._find_and_load
        below = [0.0]

        def timed(name: str, import_: Any) -> Any:
            began = time.perf_counter()
            below.append(0.0)
            try:
                return find_and_load(name, import_)
            finally:
                took, inner = time.perf_counter() - began, below.pop()
                file = getattr(sys.modules.get(name), "__file__", None) or ""
                foreign = inner if is_own(file, [self._root]) else took
                below[-1] += foreign
                if len(below) == 1:
                    self.imported = below[0]
                if self.record is not None:
                    self.record.imported(name)

        bootstrap._find_and_load = timed


def _site(frame: FrameType | None, root: str, imports: bool) -> tuple[str, int] | None:
    """File and line of the repository's innermost frame."""
    while frame is not None:
        name = frame.f_code.co_filename
        if is_own(name, [root]):
            return name, frame.f_lineno
        if not imports and name.startswith(_IMPORTER):
            return None
        frame = frame.f_back
    return None


def _announces(category: str) -> bool:
    name = category.rpartition(".")[2]
    return "Deprecat" in name or name.startswith("RemovedIn")


def _text(given: Any) -> str:
    return os.fsdecode(given) if isinstance(given, (bytes, os.PathLike)) else str(given)


def _command(given: Any) -> str:
    return " ".join(map(_text, given)) if isinstance(given, (list, tuple)) else _text(given)
