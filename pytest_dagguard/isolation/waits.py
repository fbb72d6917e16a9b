"""What a silent attempt waits for, as far as the kernel tells: a deadlock, a lock on a file, or something else.

Linux says of each thread in which system call it is, and with what arguments (``/proc/PID/task/TID/syscall``, see
proc(5)). A thread that waits on a futex without a time limit is woken by another thread, or by nobody: where all
threads of all processes of an attempt do so, nobody is left. Nothing is said where that is not certain.
"""

from __future__ import annotations

import contextlib
import os
import platform
import threading
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from pytest_dagguard.isolation import processes

DEADLOCK = "a deadlock: each of its threads waits for another, without a time limit"

_NUMBERS = {
    "x86_64": {202: "futex", 73: "flock", 72: "fcntl", 61: "wait", 247: "wait"},
    "aarch64": {98: "futex", 32: "flock", 25: "fcntl", 260: "wait", 95: "wait"},
}
_FUTEX_WAITS = frozenset({0, 9})
"""FUTEX_WAIT and FUTEX_WAIT_BITSET, without the flags for private futexes and for the clock."""
_FCNTL_WAITS = frozenset({7, 38})
"""F_SETLKW and F_OFD_SETLKW."""

OWN = "dagguard"
"""Name of threads that are ours or Airflow's and serve the task: they wake nobody by themselves."""

_marked: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
"""The threads of this process that have that name: by object, since the number of one that has ended is used again."""

Call = tuple[str, tuple[int, ...]]


def mark_own(threads: Iterable[threading.Thread]) -> None:
    """Say of threads of this process that they are not the task's, and none that it waits for."""
    for each in threads:
        _marked.add(each)
        with contextlib.suppress(OSError):
            Path(f"/proc/self/task/{each.native_id}/comm").write_text(OWN)


def own() -> set[int | None]:
    """The idents of the threads of this process that have been marked so and still live."""
    return {each.ident for each in _marked if each.is_alive()}


def cause(pid: int) -> str:
    """What a process and those that it has started wait for, empty where they do not or it cannot be told."""
    calls: list[Call] = []
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        for each in (root, *root.children(recursive=True)):
            for call in _calls(each.pid):
                if call[0] in ("flock", "fcntl"):
                    return f"a wait for the lock on the file {_file(each.pid, call[1][0])} that another process holds"
                calls.append(call)
    stuck = [name == "wait" or (name == "futex" and _is_endless(arguments)) for name, arguments in calls]
    return DEADLOCK if all(stuck) and any(name == "futex" for name, _ in calls) else ""


def asleep(pid: int) -> bool:
    """Say whether no thread of a process, and of those that it has started, runs or waits for its turn to run."""
    for each in (pid, *processes.descendants(pid)):
        try:
            threads = os.listdir(f"/proc/{each}/task")
            texts = [Path(f"/proc/{each}/task/{thread}/stat").read_bytes() for thread in threads]
        except OSError:  # no Linux, or one has just ended
            return False
        # the name of the program, in parentheses, may hold anything
        if any(text.rpartition(b")")[2].split()[0] == b"R" for text in texts):
            return False
    return True


def _is_endless(arguments: tuple[int, ...]) -> bool:
    operation, limit = arguments[1] & 0x7F, arguments[3]
    return operation in _FUTEX_WAITS and limit == 0


def _calls(pid: int) -> Iterator[Call]:
    """The system call of each thread of a process; an unknown one has an empty name."""
    numbers = _NUMBERS.get(platform.machine(), {})
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:  # no Linux, or gone
        yield "", ()
        return
    for thread in threads:
        try:
            if Path(f"/proc/{pid}/task/{thread}/comm").read_text().strip() == OWN:
                continue
            words = Path(f"/proc/{pid}/task/{thread}/syscall").read_text().split()
        except OSError:
            words = []
        if len(words) < 7 or not words[0].isdigit():
            yield "", ()  # it runs, or may not be looked at
            continue
        arguments = tuple(int(each, 16) for each in words[1:7])
        name = numbers.get(int(words[0]), "")
        yield ("", ()) if name == "fcntl" and arguments[1] not in _FCNTL_WAITS else (name, arguments)


def _file(pid: int, descriptor: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/fd/{descriptor}")
    except OSError:
        return f"of descriptor {descriptor}"
