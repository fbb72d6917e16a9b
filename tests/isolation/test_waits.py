"""What silent processes wait for, in a forked child each."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_dagguard.isolation import waits
from pytest_dagguard.isolation.waits import DEADLOCK, cause


@contextmanager
def child(body: Callable[[], object]) -> Iterator[int]:
    pid = os.fork()
    if pid == 0:
        try:
            body()
        finally:
            os._exit(0)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def settled(pid: int, wanted: str) -> str:
    """What it waits for once it does; it is looked at until it says so."""
    deadline = time.monotonic() + 20
    while (found := cause(pid)) != wanted and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def asleep(pid: int) -> None:
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "S" and time.monotonic() < deadline:
        time.sleep(0.01)


def two_locks() -> None:
    first, second = threading.Lock(), threading.Lock()
    first.acquire()
    second.acquire()
    threading.Thread(target=first.acquire).start()
    second.acquire()


def a_parent_of_one_that_waits() -> None:
    if os.fork() == 0:
        two_locks()
    os.wait()


@pytest.mark.parametrize("body", [two_locks, a_parent_of_one_that_waits])
def test_threads_that_wait_for_each_other_are_a_deadlock(body: Callable[[], object]) -> None:
    with child(body) as pid:
        assert settled(pid, DEADLOCK) == DEADLOCK
        for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            os.kill(int(each), signal.SIGKILL)


@pytest.mark.parametrize("flag", [fcntl.flock, fcntl.lockf])
def test_a_lock_on_a_file_is_named(tmp_path: Path, flag: Callable[..., object]) -> None:
    path = tmp_path / "lock"
    code = f"import fcntl, sys; f = open({str(path)!r}, 'a'); fcntl.{flag.__name__}(f, 2); print(flush=True); sys.stdin.read()"
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    with child(lambda: flag(path.open("a"), fcntl.LOCK_EX)) as pid:
        wanted = f"a wait for the lock on the file {path} that another process holds"
        assert settled(pid, wanted) == wanted
    holder.communicate()


def half() -> None:
    """One thread waits for a lock, the other would let it go after its sleep."""
    lock = threading.Lock()
    lock.acquire()
    threading.Thread(target=lambda: (time.sleep(60), lock.release())).start()
    lock.acquire()


def with_a_limit() -> None:
    threading.Event().wait(60)


@pytest.mark.parametrize("body", [lambda: time.sleep(60), half, with_a_limit, lambda: os.read(os.pipe()[0], 1)])
def test_what_may_yet_go_on_is_no_deadlock(body: Callable[[], object]) -> None:
    with child(body) as pid:
        asleep(pid)
        for _ in range(20):
            assert cause(pid) == ""


def test_a_process_that_is_gone_waits_for_nothing() -> None:
    with child(lambda: None) as pid:
        pass
    assert cause(pid) == ""


def turns_in_a_thread() -> None:
    threading.Thread(target=a_loop, daemon=True).start()
    time.sleep(60)


def a_loop() -> None:
    while True:
        pass


def test_it_is_asleep_when_all_its_threads_and_children_are() -> None:
    with child(a_parent_of_one_that_waits) as pid:
        settled(pid, DEADLOCK)
        assert waits.asleep(pid)
        for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            os.kill(int(each), signal.SIGKILL)
    with child(turns_in_a_thread) as pid:
        assert not waits.asleep(pid)
    assert not waits.asleep(pid)
