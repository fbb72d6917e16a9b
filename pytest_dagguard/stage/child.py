"""Forking: each DAG file is loaded and each attempt is run in a child of a process that has imported Airflow."""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import signal
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytest_dagguard.isolation import processes
from pytest_dagguard.model import wire

_LENGTH = struct.Struct("!Q")


UNHEARD = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGALRM,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
"""Signals that the stage takes no notice of; a child has them as a process that was just started."""


@dataclass(slots=True)
class Child:
    """A forked process and the pipe on which it leaves its result.

    :param pipe: read end, not blocking; it ends when no process of the child holds it any more
    :param gone: it has ended
    """

    pid: int
    pipe: int
    received: bytearray
    gone: bool = False

    def read(self) -> bool:
        """Take in what is there; True when that is a result, or none will come."""
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self.pipe, 1 << 16):
                self.received += piece
            self.gone = True
        return self.gone or self._whole()

    def result(self) -> Any:
        """What the child left, None where it ended without."""
        return pickle.loads(bytes(self.received[_LENGTH.size :])) if self._whole() else None

    def _whole(self) -> bool:
        size = len(self.received) - _LENGTH.size
        return size >= 0 and size == _LENGTH.unpack_from(self.received)[0]


def fork(body: Callable[[], Any], log: str, close: Callable[[], None] = lambda: None) -> Child:
    """Run ``body`` in a forked child and have its return value pickled into the child's pipe.

    :param log: path of the file that gets the child's standard output and error
    :param close: called in the child to let go of what belongs to the parent alone
    """
    source, sink = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            me = os.getpid()
            os.close(source)
            close()
            _settle(log)
            left = pickle.dumps(body())
            # what the repository's code has forked comes here as well, where it does not end by itself
            if os.getpid() == me:
                processes.end_descendants()
                # at once, so that there is nothing left to do for this process when the parent has the result
                sys.stdout.flush()
                sys.stderr.flush()
                wire.write_all(sink, _LENGTH.pack(len(left)) + left)
                code = 0
        except BaseException:  # noqa: BLE001 - a child must never run on in the parent's code
            import traceback

            with contextlib.suppress(Exception):
                traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)
    os.close(sink)
    os.set_blocking(source, False)
    return Child(pid, source, bytearray())


def _settle(log: str) -> None:
    """Make the child a process in its own right."""
    # what was there before is the parent's: to look for rubbish in it would be to copy it
    gc.freeze()
    os.setsid()
    processes.become_subreaper()
    signal.set_wakeup_fd(-1)
    for each in (*UNHEARD, signal.SIGCHLD):
        signal.signal(each, signal.default_int_handler if each is signal.SIGINT else signal.SIG_DFL)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    with open(log, "ab") as sink:
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
    # a parent under pytest may have replaced these by objects of its own
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    gc.enable()
