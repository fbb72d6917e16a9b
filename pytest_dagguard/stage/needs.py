"""What a DAG file's load looks at: files, folders, modules and environment variables, and what leaves doubt.

Python tells of files and folders by itself (PEP 578), and of no question whether a file exists, nor of a variable that
is read: for these stand-ins note the question and pass it on. What is in installed packages is not noted: whoever keeps
a load compares their versions.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pathlib
import site
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pytest_dagguard.model.needs import ALWAYS, Needs, content, listing, mark, places, status

_IMPORTER = "<frozen importlib"
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_OURS = ("/dev/", "/proc/", "/sys/", "/etc/hosts", "/etc/resolv.conf")
"""What each process has its own of, or is given by us."""
_METADATA = os.path.join("importlib", "metadata")
_HOST = "HOSTNAME"
_DOUBTS = {
    "subprocess.Popen": "starts a program",
    "os.system": "starts a program",
    "os.posix_spawn": "starts a program",
    "os.exec": "starts a program",
    "os.fork": "forks",
    "os.forkpty": "forks",
    "sqlite3.connect": "opens a database",
}


class _Noted(dict[bytes, bytes]):
    """The environment, with a note on each name that is asked for.

    Who goes through all of it, asks for each; that is noted as one question about the whole.
    """

    def __init__(self, given: Mapping[bytes, bytes]) -> None:
        super().__init__(given)
        self.asked: set[bytes] = set()
        self.whole = False
        self._passing: set[bytes] = set()

    def __getitem__(self, name: bytes) -> bytes:
        if name in self._passing:
            self._passing.discard(name)
        else:
            self.asked.add(name)
        return super().__getitem__(name)

    def __iter__(self) -> Iterator[bytes]:
        self.whole = True
        self._passing = set(self.keys())
        return super().__iter__()

    def items(self) -> Any:
        """All of them."""
        self.whole = True
        return super().items()

    def begin(self) -> dict[bytes, bytes]:
        """All of them, and whoever went through all of it before did so for itself, and not for a DAG file."""
        self.whole = False
        self._passing.clear()
        return dict(super().items())


def note_variables() -> None:
    """Have the environment variables noted that this process and its forks read from now on."""
    inner: Any = os.environ
    noted = _Noted(inner._data)
    vars(inner)["_data"] = noted
    vars(os.environb)["_data"] = noted


def _noted() -> _Noted | None:
    found = vars(os.environ)["_data"]
    return found if isinstance(found, _Noted) else None


def _libraries() -> tuple[str, ...]:
    """Folders of what is installed, each with a separator at its end."""
    found = [sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    found += [*site.getsitepackages(), site.getusersitepackages()]
    found.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    zipped = f"python{sys.version_info[0]}{sys.version_info[1]}.zip"
    found += [each for each in sys.path if os.path.basename(each) == zipped]
    return tuple({os.path.join(each, "") for path in found for each in (path, os.path.realpath(path))})


LIBRARIES = _libraries()


def is_installed(path: str) -> bool:
    """Say whether a file or folder belongs to Python or to an installed package."""
    return os.path.join(path, "").startswith(LIBRARIES)


_loose: dict[str, str] = {}
"""Modules that are here for all loads, and come from outside of the installed packages -> their file."""


def note_loose(names: Iterable[str]) -> None:
    """Take note of those of some modules that no installed package has."""
    for name in names:
        file = getattr(sys.modules.get(name), "__file__", None)
        if file and not is_installed(file):
            _loose[name] = file


class Record:
    """Notes from :meth:`begin` on. To be made in a process that ends after the load."""

    def __init__(self, scratch: str) -> None:
        """
        :param scratch: folder of what this run writes, which is new each time
        """
        self.on = False
        self._scratch = os.path.join(scratch, "")
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._asked: set[str] = set()
        self._modules: dict[str, None] = {}
        self._paths: dict[str, None] = {}
        self._doubts: dict[str, None] = {}
        self._values: dict[bytes, bytes] = {}
        self._asked_before: frozenset[bytes] = frozenset()
        self._hidden: frozenset[str] = frozenset()
        self._began = 0.0

    def install(self) -> None:
        """Hear of what Python does, and of questions about files."""

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            if not self.on:
                return
            if event == "open":
                self._opened(*arguments)
            elif event in ("os.listdir", "os.scandir"):
                self._listed(arguments[0])
            elif event in _DOUBTS:
                self.doubt(_DOUBTS[event])

        sys.addaudithook(hook)
        for name in ("stat", "access"):
            real = getattr(os, name)
            asks = self._asking(real)
            for able in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks, os.supports_effective_ids):
                if real in able:
                    able.add(asks)
            setattr(os, name, asks)
        accessor: Any = getattr(pathlib, "_NormalAccessor", None)  # of Python 3.10, which has its own hold on os.stat
        if accessor is not None:
            accessor.stat = staticmethod(os.stat)

    def begin(self, hidden: Iterable[str]) -> None:
        """Note what happens from now on.

        :param hidden: variables that are new in each run
        """
        noted = _noted()
        if noted is None:
            self.doubt("reads variables that are not noted here")
        else:
            self._values = noted.begin()
            self._asked_before, noted.asked = frozenset(noted.asked), set()
        self._hidden = frozenset(hidden) | {_HOST}
        self._began = time.time()
        self.on = True

    def doubt(self, why: str) -> None:
        """Say that the load rests on something of which nobody can tell whether it is as it was."""
        if self.on:
            self._doubts[why] = None

    def imported(self, name: str) -> None:
        """Take note of a module that was imported, or could not be."""
        if not self.on:
            return
        module = sys.modules.get(name)
        file = getattr(module, "__file__", None)
        known = name in sys.builtin_module_names or (file and is_installed(file))
        if file and not known:
            self._files.add(os.path.abspath(file))
        first = next(iter(sys.path), "")
        if not known or not is_installed(first):
            self._modules[name] = None
            self._paths.update(dict.fromkeys(each for each in sys.path if each and self._outside(each)))

    def needs(self) -> Needs:
        """What was noted, in the state that it is in now."""
        self.on = False
        noted = _noted()
        if noted is not None and noted.whole:
            self._doubts["reads all environment variables"] = None
        if noted is not None and _HOST.encode() in noted.asked:
            self._doubts["asks for the machine's name"] = None
        files = {*self._files, *map(os.path.abspath, _loose.values())}
        if any(self._newer(each) for each in files):
            self._doubts["reads what was changed meanwhile"] = None
        paths = tuple(self._paths)
        return Needs(
            {each: content(each) for each in sorted(files)},
            {each: status(each) for each in sorted(self._asked)},
            {each: listing(each) for each in sorted(self._folders)},
            {each: places(each, paths) for each in self._modules},
            paths,
            self._variables(noted.asked | self._asked_before if noted is not None else ()),
            next(iter(self._doubts), ""),
        )

    def _variables(self, asked: Iterable[bytes]) -> dict[str, str]:
        found = {}
        for each in sorted(asked):
            value = self._values.get(each)
            name, text = os.fsdecode(each), None if value is None else os.fsdecode(value)
            ours = name in self._hidden or (text and self._scratch.rstrip(os.sep) in text)
            if not ours and not name.startswith(ALWAYS):
                found[name] = mark(text)
        return found

    def _newer(self, path: str) -> bool:
        try:
            return os.stat(path).st_mtime > self._began
        except OSError:
            return False

    def _opened(self, path: Any, mode: Any, flags: Any) -> None:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return
        name = self._outside(path)
        if not name:
            return
        if any(each in mode for each in "wax+") if isinstance(mode, str) else bool((flags or 0) & _WRITES):
            if not sys._getframe(2).f_code.co_filename.startswith(_IMPORTER):
                self.doubt("writes files")
            return
        if name.endswith(".pyc"):
            with contextlib.suppress(ValueError):
                name = importlib.util.source_from_cache(name)
        self._files.add(name)

    def _listed(self, path: Any) -> None:
        # the importer looks for modules, which are noted by name; metadata is that of installed packages
        asks = sys._getframe(2).f_code.co_filename
        if not asks.startswith(_IMPORTER) and _METADATA not in asks:
            name = self._outside("." if path is None else path) if not isinstance(path, int) else ""
            if name:
                self._folders.add(name)

    def _outside(self, path: str | bytes | os.PathLike[Any]) -> str:
        """The absolute path of something that may differ from run to run; empty where it does not."""
        name = os.path.abspath(os.fsdecode(path))
        harmless = name.startswith((self._scratch, *_OURS)) or is_installed(name)
        return "" if harmless else name

    def _asking(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def asks(path: Any, *more: Any, **named: Any) -> Any:
            if self.on and isinstance(path, (str, bytes, os.PathLike)) and _is_ours(sys._getframe(1)):
                name = self._outside(path)
                if name:
                    self._asked.add(name)
            return real(path, *more, **named)

        return asks


def _is_ours(frame: Any) -> bool:
    """Say whether the repository's code asks, be it through a library."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(_IMPORTER):
            return False
        if name.startswith(os.sep) and not is_installed(name):
            return True
        frame = frame.f_back
    return False
