"""Huge pages for the memory that the stage shares with its forks.

A fork copies the table of the parent's pages, and its end takes that copy apart: with forty thousand small pages these
two take longer than most tasks. A huge page is one entry for 512 of them. A child that writes to it gets its own copy
of just the small page it writes to, as before.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator

from pytest_dagguard.isolation import syscalls

HUGE = 2 << 20
"""Bytes of a huge page on x86-64, and on ARM with pages of 4 KiB."""

_SPARSE = 0.75  # a mapping that is less full than this would grow by being gathered


def gather() -> int:
    """Ask the kernel to put this process's memory into huge pages, now; returns how many bytes it did that for.

    Linux from 6.1; elsewhere nothing happens, and forks take the time they take.
    """
    if os.environ.get("NOPAGES") or sys.platform != "linux" or os.sysconf("SC_PAGE_SIZE") != 4096:
        return 0
    done = 0
    for low, high in _ranges():
        # one by one, as the kernel stops at the first that it has no huge page for
        for start in range(low, high, HUGE):
            try:
                syscalls.collapse(start, HUGE)
            except OSError as refused:
                if refused.errno == errno.EINVAL and not done:
                    return 0
                continue
            done += HUGE
    return done


def _ranges() -> Iterator[tuple[int, int]]:
    """The parts of private, writable, well-filled memory that huge pages fit into."""
    try:
        with open("/proc/self/smaps", "rb") as file:
            lines = file.readlines()
    except OSError:
        return
    low = high = 0
    for line in lines:
        name, _, rest = line.partition(b" ")
        if not name.endswith(b":"):
            low, high = _mapping(name, rest)
        elif name == b"Rss:" and high:
            if int(rest.split()[0]) * 1024 >= _SPARSE * (high - low):
                yield -(-low // HUGE) * HUGE, high // HUGE * HUGE
            high = 0


def _mapping(addresses: bytes, rest: bytes) -> tuple[int, int]:
    """Where a mapping begins and ends; zeros where it is not plain memory."""
    rights, _, _, inode, *name = rest.split()
    if rights != b"rw-p" or inode != b"0" or name not in ([], [b"[heap]"]):
        return 0, 0
    low, _, high = addresses.partition(b"-")
    return int(low, 16), int(high, 16)
