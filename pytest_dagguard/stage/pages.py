"""Huge pages for what all forks share: to fork, and to end, is then a matter of a hundred entries and not of 50,000.

Linux puts memory that is there already into huge pages where it is asked to (``MADV_COLLAPSE``, since 6.1, see
madvise(2)); a fork that writes to one has it split, for itself alone. It takes a quarter of a second, which is worth
it from some dozens of forks on. Where the kernel does not know it, nothing happens.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from pytest_dagguard.isolation import syscalls

HUGE = 2 << 20
"""Bytes of a huge page, on x86-64, and on arm64 with its usual pages of 4 KiB."""


def collapse() -> int:
    """Put this process's own memory into huge pages.

    :returns: how many there are now that were asked for
    """
    made = 0
    with contextlib.suppress(OSError):
        for address in _whole(Path("/proc/self/maps").read_text()):
            with contextlib.suppress(OSError):  # one may be refused, for want of memory or because it is pinned
                syscalls.madvise(address, HUGE, syscalls.MADV_COLLAPSE)
                made += 1
    return made


def _whole(maps: str) -> Iterator[int]:
    """The addresses of huge pages that lie in memory which is private, can be written to and is no file's."""
    for line in maps.splitlines():
        span, rights, *_, inode, name = f"{line} -".split(maxsplit=5)
        if not rights.startswith("rw") or inode != "0" or name.startswith("[stack"):
            continue
        start, end = (int(each, 16) for each in span.split("-"))
        yield from range(-(-start // HUGE) * HUGE, end // HUGE * HUGE, HUGE)
