"""Bounds on what a child uses of the machine: some the kernel keeps, the rest is looked after from outside.

No control groups, which take a system's permission. The kernel bounds single processes and files at once; what all
processes of a child use together is measured every now and then by whoever has forked it.
"""

from __future__ import annotations

import contextlib
import os
import resource

import psutil

from pytest_dagguard.isolation import processes
from pytest_dagguard.model.limits import Limits

EVERY = 0.1
"""Seconds between two looks at a child."""

_DISK_EVERY = 10
"""Looks of which one also counts files."""


def apply(limits: Limits) -> None:
    """Have the kernel bound the calling process and those that it will start: for a child that was just forked."""
    # Address space would be the wrong thing to bound: libraries reserve it by the gigabyte and never use it. A process
    # may have written to less of its data than it has asked for, hence twice as much.
    _lower(getattr(resource, "RLIMIT_DATA", None), 2 * limits.memory)
    _lower(resource.RLIMIT_FSIZE, max(limits.disk, limits.output))
    _lower(resource.RLIMIT_CORE, 0)


def _lower(which: int | None, value: int) -> None:
    if which is None:
        return
    with contextlib.suppress(OSError, ValueError):
        _, hard = resource.getrlimit(which)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))


def exceeded(pid: int, folder: str, log: str, limits: Limits, look: int) -> str:
    """Which bound a child and its processes are beyond: a name in :class:`Limits`, empty for none.

    :param folder: of all that it writes
    :param log: the file with its output
    :param look: number of the look: files are not counted in each
    """
    if flooded(log, limits):
        return "output"
    tree = [pid, *processes.descendants(pid)]
    if len(tree) > limits.processes:
        return "processes"
    if sum(map(_resident, tree)) > limits.memory and sum(map(_own, tree)) > limits.memory:
        return "memory"
    if look % _DISK_EVERY == _DISK_EVERY - 1 and _disk(folder, limits.disk):
        return "disk"
    return ""


def flooded(log: str, limits: Limits) -> bool:
    """Say whether a child has printed too much."""
    try:
        return os.stat(log).st_size > limits.output
    except OSError:
        return False


def _resident(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        with contextlib.suppress(psutil.Error):
            return int(psutil.Process(pid).memory_info().rss)
    return 0


def _own(pid: int) -> int:
    """Resident memory, each page that is shared by several processes divided among them; slow."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            return sum(int(line.split()[1]) * 1024 for line in file if line.startswith(b"Pss:"))
    except (OSError, IndexError, ValueError):
        return _resident(pid)


def _disk(folder: str, most: int) -> bool:
    """Say whether the files in a folder take more than ``most`` bytes."""
    total = 0
    queue = [folder]
    while queue:
        with contextlib.suppress(OSError), os.scandir(queue.pop()) as entries:
            for each in entries:
                with contextlib.suppress(OSError):
                    if each.is_dir(follow_symlinks=False):
                        queue.append(each.path)
                    else:
                        total += each.stat(follow_symlinks=False).st_blocks * 512
        if total > most:
            return True
    return False
