"""Ending an attempt: itself first, then whatever it has started, wherever that has moved."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable

import psutil

from pytest_dagguard.isolation import syscalls

MARKER = "DAGGUARD_SCRATCH"
"""The variable whose value, the scratch folder of a run, tells its processes from others."""

_PATIENCE = 5.0  # seconds until a killed process must be gone; only one in an uninterruptible wait takes that long
_ROUNDS = 50  # looks at a tree that may still be growing


def become_subreaper() -> bool:
    """Become the parent of every descendant that loses its own, so that a daemon does not drop out of the tree.

    Best called in each attempt: while it lives, all that it has started descends from it.

    :returns: False where the system has no such thing
    """
    try:
        syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
    except OSError:
        return False
    return True


def die_with_parent(parent: int = 0, by: signal.Signals = signal.SIGKILL) -> bool:
    """Ask the kernel to end this process when its parent ends.

    It is the end of the parent's *thread* that counts, so fork from a thread that lasts. Entering namespaces leaves it
    in force; a change of the user does not.

    :param parent: the parent's process id as it was before the fork; with it a parent that is gone already ends this
        process at once. 0 where it is not known
    :param by: the signal that it gets
    :returns: False where the system has no such thing
    """
    try:
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, by)
    except OSError:
        return False
    if parent and os.getppid() != parent:
        os.kill(os.getpid(), by)
    return True


def kill_tree(pid: int) -> None:
    """SIGKILL a process and all that it has started; return when none of them runs any more.

    The process stops at once, so nothing it does follows the call, and dies first. In between it is only frozen,
    because the death of a parent wipes out who descends from it. Each descendant is frozen as it is found, as what
    is frozen starts no others. What has left the tree is found by the attempt's mount namespace, where it has one.

    Nothing is reaped: that is the parent's business. A process that does not exist is not an error.

    :param pid: never this process
    """
    if pid == os.getpid():
        raise ValueError("a process cannot wait for its own end")
    _send(pid, signal.SIGSTOP)
    namespace, held = _own_namespace(pid)
    try:
        tree = [pid, *_freeze_descendants(pid)]
        _kill(tree)
        if namespace:
            _end_all(lambda: _members(namespace))
    finally:
        if held >= 0:
            os.close(held)


def freeze_tree(pid: int) -> None:
    """Stop a process and all that it has started, until :func:`thaw_tree`."""
    _send(pid, signal.SIGSTOP)
    _freeze_descendants(pid)


def thaw_tree(pid: int) -> None:
    """Let a process and all that it has started go on."""
    for each in (*reversed(descendants(pid)), pid):
        _send(each, signal.SIGCONT)


def end_descendants() -> int:
    """Kill what the calling process has started and leave it alone itself: for an attempt's orderly end.

    :returns: how many were running
    """
    return _end_all(lambda: _freeze_descendants(os.getpid()))


def sweep(marker: str) -> int:
    """Kill every process in whose environment :data:`MARKER` has this value, wherever it has moved.

    It finds programs that inherited the attempt's variables. It does not find a child that was forked and runs no
    other program (the environment that the kernel shows is the one of the last exec), nor one that was started with
    variables of its own: those are what :func:`kill_tree` is for.

    :returns: how many were killed
    """
    wanted = f"{MARKER}={marker}".encode()

    def marked() -> list[int]:
        return [each for each in _all_processes() if wanted in _environment(each).split(b"\0")]

    return _end_all(marked)


def _end_all(find: Callable[[], list[int]]) -> int:
    """Kill what ``find`` finds until it finds nothing; say how many that were."""
    ended: set[int] = set()
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        found = [each for each in find() if each != os.getpid()]
        if not found:
            break
        _kill(found)
        ended.update(found)
    return len(ended)


def _kill(pids: list[int]) -> None:
    """SIGKILL processes in this order and wait until the last of them has ended."""
    waits = [(each, _descriptor(each)) for each in pids]
    for each in pids:
        _send(each, signal.SIGKILL)
    deadline = time.monotonic() + _PATIENCE
    for pid, descriptor in waits:
        if descriptor >= 0:
            poller = select.poll()
            poller.register(descriptor, select.POLLIN)
            poller.poll(max(0.0, deadline - time.monotonic()) * 1000)
            os.close(descriptor)
        else:
            while time.monotonic() < deadline and _runs(pid):
                time.sleep(0.001)


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _freeze_descendants(pid: int) -> list[int]:
    """Stop all descendants that run, and return them, parents before children."""
    frozen: dict[int, None] = {}
    for _ in range(_ROUNDS):
        found = [each for each in descendants(pid) if each not in frozen]
        for each in found:
            _send(each, signal.SIGSTOP)
            frozen[each] = None
        # One that has not stopped yet may be in the midst of starting another.
        if not found and not any(_state(each) in ("R", "S") for each in (pid, *frozen) if each != os.getpid()):
            break
    return list(frozen)


def descendants(pid: int) -> list[int]:
    """What a process has started, and those have started, as far as it runs; parents before children."""
    if sys.platform == "linux" and os.path.exists(f"/proc/{os.getpid()}/task/{os.getpid()}/children"):
        return _kernel_descendants(pid)
    return _psutil_descendants(pid)


def _psutil_descendants(pid: int) -> list[int]:
    try:
        found = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []
    return [each.pid for each in found if _runs(each.pid)]


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _kernel_descendants(pid: int) -> list[int]:
    """As psutil's children(), without a look at every process of the machine."""
    found: list[int] = []
    queue = [pid]
    while queue:
        parent = queue.pop()
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{thread}/children", "rb") as file:
                    children = [int(each) for each in file.read().split()]
                queue += children
                found += [each for each in children if _state(each) not in ("Z", "X", "")]
    return found


def _state(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # the name of the program, in parentheses, may hold anything
            return file.read().rpartition(b")")[2].split()[0].decode()
    except (OSError, IndexError):
        return ""


def _own_namespace(pid: int) -> tuple[str, int]:
    """The mount namespace of ``pid``, where it is its own and not one of the processes around it; else empty.

    :returns: its name, and a descriptor that holds it (-1 for none). While it is held, no other gets its name: the
        kernel gives the number of one that has gone to the next that is made, which may be somebody else's attempt's
    """
    held = -1
    try:
        held = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        found = os.readlink(f"/proc/self/fd/{held}")
        with open(f"/proc/{pid}/stat", "rb") as file:
            parent = int(file.read().rpartition(b")")[2].split()[1])
        around = {os.readlink(f"/proc/{each}/ns/mnt") for each in {os.getpid(), parent} if each}
    except (OSError, IndexError):
        found, around = "", {""}
    if found not in around:
        return found, held
    if held >= 0:
        os.close(held)
    return "", -1


def _members(namespace: str) -> list[int]:
    found = []
    for pid in _all_processes():
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/ns/mnt") == namespace:
                found.append(pid)
    return found


def _all_processes() -> Iterable[int]:
    try:
        return [int(each) for each in os.listdir("/proc") if each.isdigit()]
    except FileNotFoundError:
        return list(psutil.pids())


def _environment(pid: int) -> bytes:
    try:
        if sys.platform == "linux":
            with open(f"/proc/{pid}/environ", "rb") as file:
                return file.read()
        variables = psutil.Process(pid).environ()
        return b"\0".join(f"{name}={value}".encode() for name, value in variables.items())
    except (OSError, psutil.Error):
        return b""


def _descriptor(pid: int) -> int:
    """Something that becomes readable when the process has ended, a zombie included; -1 where there is no such."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return os.pidfd_open(pid)
    return -1
