"""Pages written to: which are noted, and that to have them early leaves what is in them as it was."""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
import select
import sys
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_dagguard.isolation import syscalls
from pytest_dagguard.stage import touched
from pytest_dagguard.stage.child import fork

MAPS = """\
5555000-5557000 rw-p 00000000 00:00 0                          [heap]
6000000-6001000 rw-p 00001000 fe:00 26933                      /usr/lib/lib with a name.so
6100000-6101000 r--p 00000000 00:00 0
6200000-6201000 rw-s 00000000 00:01 77                         /dev/zero (deleted)
7ffc000-7ffd000 rw-p 00000000 00:00 0                          [stack]
"""
OURS, SHARED, ABSENT = 1 << 63 | 1 << 56, 1 << 63, 0
linux = pytest.mark.xfail(sys.platform != "linux", reason="only Linux tells which pages a process has for itself")


def test_private_memory_that_can_be_written_to_is_looked_at_and_not_the_stack() -> None:
    assert list(touched._private(MAPS)) == [(0x5555000, 0x5557000), (0x6000000, 0x6001000)]


@pytest.mark.parametrize(
    ("entries", "pages"),
    [
        ([], []),
        ([SHARED, ABSENT], []),
        ([OURS], [(0, 1)]),
        ([OURS, OURS, SHARED, OURS], [(0, 2), (3, 1)]),
        ([ABSENT, OURS, ABSENT], [(1, 1)]),
    ],
)
def test_neighbouring_pages_are_one_span(entries: list[int], pages: list[tuple[int, int]]) -> None:
    wanted = [each for first, count in pages for each in (4096 + first * touched.PAGE, count * touched.PAGE)]
    assert list(touched._spans(4096, entries)) == wanted


class Memory:
    """Sixty-four pages, each with its number in it."""

    def __init__(self) -> None:
        self.map = mmap.mmap(-1, 64 * touched.PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for each in range(64):
            self.map[each * touched.PAGE] = each

    def write(self, pages: range) -> None:
        for each in pages:
            self.map[each * touched.PAGE + 1] = 1

    def numbers(self) -> list[int]:
        return [self.map[each * touched.PAGE] for each in range(64)]


def finished(body: Callable[[], Any], tmp_path: Path) -> Any:
    child = fork(body, str(tmp_path / "log"))
    while not child.read():
        select.select([child.pipe], [], [])
    os.close(child.pipe)
    os.waitpid(child.pid, 0)
    return child.result()


def faults(does: Callable[[], None]) -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    does()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@linux
def test_a_fork_that_has_its_pages_early_writes_to_them_without_a_fault(tmp_path: Path) -> None:
    memory = Memory()

    def notes() -> touched.Spans:
        memory.write(range(16, 48))
        return touched.note()

    spans = finished(notes, tmp_path)
    assert any(length >= 32 * touched.PAGE for length in spans[1::2])

    def without() -> int:
        return faults(lambda: memory.write(range(16, 48)))

    def beforehand() -> tuple[int, list[int]]:
        touched.have(spans)
        return faults(lambda: memory.write(range(16, 48))), memory.numbers()

    assert finished(without, tmp_path) >= 32
    count, numbers = finished(beforehand, tmp_path)
    assert count < 8
    assert numbers == memory.numbers() == list(range(64))


@linux
@pytest.mark.parametrize("vectors", [True, False])
def test_memory_that_is_not_there_is_left_out(vectors: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not vectors:
        monkeypatch.delattr(os, "pidfd_open")  # as before Linux 5.3
    memory = Memory()
    at = ctypes.addressof(ctypes.c_char.from_buffer(memory.map))
    absent, piece = touched.PAGE, 16 * touched.PAGE
    spans = array("L", [absent, absent, at, piece, absent, absent, at + 2 * piece, piece, absent, absent])

    def counted() -> list[int]:
        touched.have(spans)
        faults(lambda: memory.write(range(48, 64)))  # what it takes to count
        return [
            faults(lambda start=start: memory.write(range(start, start + 16)))  # type: ignore[misc]
            for start in (0, 16, 32)
        ]

    had, others, after = finished(counted, tmp_path)
    assert max(had, after) < 8
    assert others >= 16


@linux
def test_more_pieces_than_one_call_may_name(tmp_path: Path) -> None:
    count = 2 * syscalls._VECTOR + 5
    memory = mmap.mmap(-1, 2 * count * touched.PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    at = ctypes.addressof(ctypes.c_char.from_buffer(memory))

    def write() -> None:
        for each in range(count):
            memory[2 * each * touched.PAGE] = 1

    def counted() -> int:
        touched.have(array("L", [one for each in range(count) for one in (at + 2 * each * touched.PAGE, touched.PAGE)]))
        return faults(write)

    write()
    assert finished(counted, tmp_path) < 100


def test_where_the_kernel_does_not_know_it_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(name: str, *arguments: Any) -> int:
        asked.append((name, arguments[0].value))
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(syscalls, "_call", refuse)
    touched.have(array("L", [4096, 4096, 8192, 4096]))
    assert asked == [("syscall", 440), ("madvise", 4096)]


def test_one_attempt_of_each_task_notes_and_the_next_child_has_the_pages_of_the_last_task() -> None:
    habits = touched.Habits()
    assert [habits.begins("a") for _ in range(4)] == [False, False, True, True]
    habits.keep("a", array("L", [4096, 4096]))
    assert habits.likely().tolist() == [4096, 4096]
    habits.keep("b", array("L", [8192, 4096]))
    assert habits.likely().tolist() == [4096, 4096]
    assert not habits.begins("c")
    assert habits.likely().tolist() == [8192, 4096], "the last that was known"
    assert not habits.begins(("of", "another", "kind"))
    assert not habits.likely()
    habits.begins("a")
    assert habits.likely().tolist() == [4096, 4096]


def test_the_pages_of_the_last_tasks_are_remembered() -> None:
    habits = touched.Habits()
    for number in range(touched.KEPT + 1):
        habits.keep(number, array("L", [number, 1]))
    assert habits.begins(0) is False
    assert [habits.begins(0) for _ in range(2)] == [False, True]
    habits.begins(touched.KEPT)
    assert habits.likely().tolist() == [touched.KEPT, 1]
