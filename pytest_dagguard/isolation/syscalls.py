"""The system calls that ``os`` lacks before Python 3.12, by ctypes. Linux only; elsewhere each raises OSError."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import struct
import sys
from array import array

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

MS_NOSUID, MS_NODEV = 0x2, 0x4
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36

MADV_POPULATE_WRITE = 23
MADV_COLLAPSE = 25
_PROCESS_MADVISE = 440
_VECTOR = 1024
"""Pieces of memory that a call may name."""

LINUX = sys.platform == "linux"
# Loaded once, before any fork: the attempts' children inherit it.
_libc = ctypes.CDLL(None, use_errno=True) if LINUX else None
_CAPABILITY_VERSION_3 = 0x20080522


def _call(name: str, *arguments: object) -> int:
    function = getattr(_libc, name, None)
    if function is None:
        raise OSError(errno.ENOSYS, f"{name} does not exist on {sys.platform}")
    result = int(function(*arguments))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    """Leave the namespaces that ``flags`` name for new ones.

    :raises OSError: not permitted, or not known here
    """
    _call("unshare", ctypes.c_int(flags))


def setns(descriptor: int, flags: int) -> None:
    """Move into the namespace a descriptor stands for, or into those ``flags`` name of a pidfd's process.

    :raises OSError: not permitted, or not known here
    """
    _call("setns", ctypes.c_int(descriptor), ctypes.c_int(flags))


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """``mount(2)``.

    :raises OSError: not permitted, or the target does not exist
    """
    _call(
        "mount",
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode() if data else None,
    )


def bind(source: str, target: str) -> None:
    """Show ``source``, with all that is mounted below it, at ``target`` as well.

    :raises OSError: not permitted, or one of them does not exist
    """
    mount(source, target, None, MS_BIND | MS_REC)


def prctl(option: int, value: int) -> None:
    """``prctl(2)`` with one argument.

    :raises OSError: refused, or not known here
    """
    zero = ctypes.c_ulong(0)
    _call("prctl", ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero)


def madvise(address: int, length: int, advice: int) -> None:
    """``madvise(2)``.

    :param length: bytes
    :raises OSError: refused, or not known here
    """
    _call("madvise", ctypes.c_void_p(address), ctypes.c_size_t(length), ctypes.c_int(advice))


def populate(spans: array[int]) -> None:
    """Have pieces of this process's memory for itself alone, with what is in them (``MADV_POPULATE_WRITE``).

    A piece that is not there, or not any more, is passed over.

    :param spans: of type ``L``: address and length in bytes of one piece, of the next, ...
    :raises OSError: refused, or not known here
    """
    done = 0
    with contextlib.suppress(OSError, AttributeError):  # then one by one, from the piece on that it came to
        descriptor = os.pidfd_open(os.getpid())
        try:
            while done < len(spans):
                done += _populate_many(descriptor, spans[done : done + 2 * _VECTOR])
        finally:
            os.close(descriptor)
    for at in range(done, len(spans), 2):
        try:
            madvise(spans[at], spans[at + 1], MADV_POPULATE_WRITE)
        except OSError as error:
            if error.errno != errno.ENOMEM:
                raise


def _populate_many(descriptor: int, spans: array[int]) -> int:
    """``process_madvise(2)`` on this process, which Linux allows since 6.13; returns how many numbers it did."""
    address, count = spans.buffer_info()
    arguments = [ctypes.c_long(each) for each in (_PROCESS_MADVISE, descriptor, address, count // 2)]
    try:
        populated = _call("syscall", *arguments, ctypes.c_long(MADV_POPULATE_WRITE), ctypes.c_long(0))
    except OSError as error:
        if error.errno != errno.ENOMEM:
            raise
        return 2  # the first is not there
    for at in range(0, count, 2):
        if populated < spans[at + 1]:
            return at + 2
        populated -= spans[at + 1]
    return count


def drop_capabilities() -> None:
    """Give up every capability, as a process of an ordinary user has none.

    :raises OSError: refused, or not known here
    """
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _call("capset", header, bytes(24))
