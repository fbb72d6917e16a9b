"""Forking: each DAG file is loaded and each attempt is run in a child of a process that has imported Airflow."""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytest_dagguard.isolation import processes


@dataclass(slots=True)
class Child:
    """A forked process and the pipe on which it leaves its result.

    :param pipe: read end, not blocking; it ends when no process of the child holds it any more
    """

    pid: int
    pipe: int
    received: bytearray

    def read(self) -> bool:
        """Take in what is there; True when the pipe has ended."""
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self.pipe, 1 << 16):
                self.received += piece
            return True
        return False

    def result(self) -> Any:
        """What the child left, None where it ended without."""
        try:
            return pickle.loads(bytes(self.received))
        except (EOFError, pickle.UnpicklingError):
            return None


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
            os.close(source)
            close()
            _settle(log)
            left = pickle.dumps(body())
            processes.end_descendants()
            _write(sink, left)
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
    os.setsid()
    processes.become_subreaper()
    signal.set_wakeup_fd(-1)
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM):
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


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
