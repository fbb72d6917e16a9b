"""How a child of the stage came to its end, and what it left to read."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from dataclasses import replace

from pytest_dagguard.model.dag import DagFile, LoadError
from pytest_dagguard.model.limits import Limits

LOG_TAIL = 20_000
"""Characters of an attempt's log that are kept: the end is where the error is."""


def tail(log: str) -> str:
    """The end of a log, empty where there is none."""
    try:
        with open(log, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - LOG_TAIL))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def manner(pid: int) -> str:
    """How a child came to its end, which is left to be taken up."""
    with contextlib.suppress(OSError, AttributeError):
        descriptor = os.pidfd_open(pid)
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        poller.poll(1000)  # its pipe is closed, and it may be about to end
        os.close(descriptor)
        found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is not None and found.si_code != os.CLD_EXITED:
            return f"was ended by {signal.Signals(found.si_status).name}"
    return "ended without a word (os._exit, or a crash)"


def of_load(pid: int, log: str, seconds: float, over: str, killed: bool, limits: Limits) -> LoadError:
    """Why nothing came of a load.

    :param pid: the child's, which is left to be taken up
    :param log: where its log is
    :param seconds: how long it was at it
    :param over: which of the limits it went over; empty for none
    :param killed: it was given up
    """
    said = tail(log)
    if over:
        return LoadError("limit", f"while it loads, the file {limits.words(over)}", 0, said)
    if killed:
        return LoadError("timeout", f"the file did not finish loading in {seconds:.0f} s (load-timeout)", 0, said)
    return LoadError("crash", f"the process that loads the file {manner(pid)}", 0, said)


_OUT_OF = {"MemoryError": "memory", "OSError: [Errno 27]": "disk"}
"""How the kernel's bounds show in a process: beginnings of errors."""


def named(found: DagFile, limits: Limits) -> DagFile:
    """Where a load met a bound of the kernel's: say which."""
    errors = []
    for each in found.errors:
        name = next((name for start, name in _OUT_OF.items() if each.message.startswith(start)), "")
        why = f"while it loads, the file {limits.words(name)}" if name else ""
        errors.append(replace(each, kind="limit", message=why) if name else each)
    return replace(found, errors=tuple(errors))
