"""Huge pages: which parts of memory are asked for, and that nothing in them is different afterwards."""

from __future__ import annotations

from pytest_dagguard.stage import pages

MAPS = """\
555500000000-555500800000 rw-p 00000000 00:00 0                          [heap]
7f0000100000-7f0000700000 rw-p 00000000 00:00 0
7f0000800000-7f0000900000 rw-p 00000000 00:00 0
7f0001000000-7f0001400000 r--p 00000000 00:00 0
7f0002000000-7f0002400000 rw-p 00001000 fe:00 26933                      /usr/lib/lib with a name.so
7ffc00000000-7ffc00400000 rw-p 00000000 00:00 0                          [stack]
"""


def test_whole_pages_of_private_memory_are_asked_for_and_neither_files_nor_the_stack() -> None:
    heap = [0x555500000000 + each * pages.HUGE for each in range(4)]
    assert list(pages._whole(MAPS)) == [*heap, 0x7F0000200000, 0x7F0000400000]


def test_what_was_in_memory_is_there_afterwards() -> None:
    kept = [bytes([each % 256]) * 1000 for each in range(20_000)]
    pages.collapse()
    assert all(each == bytes([number % 256]) * 1000 for number, each in enumerate(kept))
