"""The pages of memory that a task writes to, had before it is there.

A fork shares all memory with the process that it was forked from until it writes; then the kernel copies that page,
which takes two millionths of a second. An attempt writes to some thousands of pages, mostly to count references to
what is in them, and a retry of the same task writes to the same ones. So an attempt notes which they were
(``/proc/self/pagemap``, see proc(5)), and a child that waits for its order has them copied while it waits
(``MADV_POPULATE_WRITE``, Linux 5.14). Where either is not to be had, nothing happens.
"""

from __future__ import annotations

import contextlib
import mmap
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from pytest_dagguard.isolation import syscalls

PAGE = mmap.PAGESIZE
"""Bytes of a page."""

NOTED = 3
"""From which attempt of a task on one notes its pages: those before it still fill caches."""

KEPT = 16
"""Tasks whose pages are remembered."""

_ENTRY = 8
_OURS = 1 << 63 | 1 << 56
"""Of a page's entry: it is in memory, and mapped by no other process."""

Spans: TypeAlias = "array[int]"
"""Address of a piece of memory and its length in bytes, of the next, ...: no objects, which a fork would write to."""


def note() -> Spans:
    """What this process has written to since it was forked, or has had for itself alone all along."""
    found = array("L")
    with contextlib.suppress(OSError), open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
        for start, end in _private(Path("/proc/self/maps").read_text()):
            pagemap.seek(start // PAGE * _ENTRY)
            entries = array("Q")
            entries.frombytes(pagemap.read((end - start) // PAGE * _ENTRY))
            found.extend(_spans(start, entries))
    return found


def have(spans: Spans) -> None:
    """Have those pages for this process alone; what is in them stays as it is."""
    with contextlib.suppress(OSError):
        syscalls.populate(spans)


def _private(maps: str) -> Iterator[tuple[int, int]]:
    """Where there is private memory that can be written to; not the stack, which is another each time."""
    for line in maps.splitlines():
        span, rights, *_, name = f"{line} -".split(maxsplit=5)
        if rights.startswith("rw") and rights[3] == "p" and not name.startswith("[stack"):
            start, end = (int(each, 16) for each in span.split("-"))
            yield start, end


def _spans(start: int, entries: Iterable[int]) -> Iterator[int]:
    first = None
    number = -1
    for number, entry in enumerate(entries):
        if entry & _OURS == _OURS:
            if first is None:
                first = number
        elif first is not None:
            yield from (start + first * PAGE, (number - first) * PAGE)
            first = None
    if first is not None:
        yield from (start + first * PAGE, (number + 1 - first) * PAGE)


@dataclass(slots=True)
class Habits:
    """Which pages the attempts of each task write to."""

    _known: dict[Any, Spans] = field(default_factory=dict)
    _tries: dict[Any, int] = field(default_factory=dict)
    _last: Any = None

    def begins(self, task: Any) -> bool:
        """Say that an attempt of this task begins; True where it shall note its pages, which takes milliseconds."""
        self._last = task
        self._tries[task] = self._tries.get(task, 0) + 1
        return self._tries[task] >= NOTED and task not in self._known

    def keep(self, task: Any, spans: Spans) -> None:
        """Remember what an attempt has noted, of the last few tasks."""
        self._known[task] = spans
        for each in list(self._known)[:-KEPT]:
            del self._known[each]

    def likely(self) -> Spans:
        """What the next child will probably write to: it mostly is one of the same task, and else one like it.

        Most of what is written to is that of Airflow and its libraries, whatever the task.
        """
        alike = (spans for task, spans in reversed(self._known.items()) if type(task) is type(self._last))
        return self._known.get(self._last) or next(alike, array("L"))
