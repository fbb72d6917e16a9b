"""Children, users and a cloud for the tests of isolation: all of it real, nothing of it in the pytest process."""

from __future__ import annotations

import contextlib
import encodings.idna  # noqa: F401 - a user who may not read this Python's folder needs it loaded
import os
import pickle
import shutil
import signal
import socket
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pytest_dagguard.isolation import machine, network, syscalls
from pytest_dagguard.isolation.layers import Layers

NOBODY = 65534


@dataclass
class User:
    """Somebody in whose name children run."""

    name: str
    pids: list[int] = field(default_factory=list)

    def become(self) -> None:
        """To be called in a child."""
        if self.name == "nobody":
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            # A process that changed its user is a secret to its new user; one that began as him is not.
            with contextlib.suppress(OSError):
                syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)

    def run(self, function: Callable[[], Any]) -> Any:
        """Call ``function`` in a child and return what it returns."""
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            answer = (False, "exited")
            try:
                self.become()
                answer = (True, function())
            except BaseException:  # noqa: BLE001
                answer = (False, traceback.format_exc())
            finally:
                os.close(read)
                with open(write, "wb") as pipe:
                    pickle.dump(answer, pipe)
                os._exit(0)
        os.close(write)
        with open(read, "rb") as pipe:
            content = pipe.read()
        os.waitpid(pid, 0)
        good, value = pickle.loads(content) if content else (False, "the child was killed")
        assert good, value
        return value

    def start(self, function: Callable[[int], None]) -> tuple[int, bytes]:
        """Start a child that reports something through the descriptor it is given and then lives until it is killed.

        :returns: its process id and the first thing it reported
        """
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                self.become()
                os.close(read)
                function(write)
                while True:
                    signal.pause()
            finally:
                os._exit(1)
        self.pids.append(pid)
        os.close(write)
        with open(read, "rb", buffering=0) as pipe:
            return pid, pipe.read(4096)

    def granted(self) -> Layers:
        """What the kernel permits this user."""
        machine.available.cache_clear()
        return self.run(machine.available)


@dataclass
class Cloud:
    """A process that serves on its loopback, in a network of its own where that is permitted."""

    pid: int
    port: int
    enclosed: bool


@pytest.fixture(params=["self", "nobody"] if os.geteuid() == 0 else ["self"])
def user(request: pytest.FixtureRequest) -> Iterator[User]:
    """Who runs the tests, and for root an ordinary user besides, as most users are ordinary."""
    someone = User(request.param)
    yield someone
    for pid in someone.pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


@pytest.fixture
def ground() -> Iterator[Path]:
    """A folder directly below /tmp where every user may write; pytest's own is for one user only."""
    folder = Path(tempfile.mkdtemp(prefix="dagguard-test-", dir="/tmp"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def cloud(user: User) -> Cloud:
    """A cloud process of the user."""

    def serve(report: int) -> None:
        enclosed = network.enclose_cloud()
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(20)
        os.write(report, f"{listener.getsockname()[1]} {int(enclosed)}".encode())
        while True:
            listener.accept()[0].close()

    pid, told = user.start(serve)
    port, enclosed = told.split()
    return Cloud(pid, int(port), enclosed == b"1")


@pytest.fixture
def outside() -> Iterator[int]:
    """The port of a listener on the host's loopback, standing for the world: nobody must reach it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        yield listener.getsockname()[1]


def forbid_namespaces() -> bool:
    """Make the kernel refuse this process further namespaces, as some installations do for everybody.

    :returns: False where that takes a namespace that is refused already
    """
    if not syscalls.LINUX:
        return False
    try:
        network.new_user_namespace(0)
    except OSError:
        return False
    for kind in ("user", "net", "mnt", "uts"):
        Path(f"/proc/sys/user/max_{kind}_namespaces").write_text("0")
    return True
