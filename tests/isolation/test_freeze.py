"""Freezing an attempt: the process and all that it has started stand still, and go on together."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from pytest_dagguard.isolation import processes


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        os.sched_yield()


def family() -> tuple[int, int]:
    """A process with a child in a session of its own, both at work."""
    source, sink = os.pipe()
    pid = os.fork()
    if pid == 0:
        processes.die_with_parent()
        other = os.fork()
        if other == 0:
            processes.die_with_parent()
            os.setsid()
        else:
            os.write(sink, str(other).encode())
        while True:
            pass
    child = int(os.read(source, 20))
    os.close(source)
    os.close(sink)
    return pid, child


def test_all_stand_still_and_all_go_on() -> None:
    pid, child = family()
    try:
        processes.freeze_tree(pid)
        until(lambda: state(pid) == state(child) == "T")
        processes.thaw_tree(pid)
        until(lambda: "T" not in (state(pid), state(child)))
    finally:
        processes.kill_tree(pid)
        os.waitpid(pid, 0)


def test_what_is_frozen_can_be_killed() -> None:
    pid, child = family()
    processes.freeze_tree(pid)
    processes.kill_tree(pid)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    assert not Path(f"/proc/{child}").exists() or state(child) in "ZX"


def test_what_is_gone_is_no_error() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    processes.freeze_tree(pid)
    processes.thaw_tree(pid)
