"""The stage process: Airflow imported once, a fork per DAG file and per attempt, told what to do over a socket."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_dagguard.isolation import processes
from pytest_dagguard.model import wire
from pytest_dagguard.model.attempt import AttemptResult, AttemptSpec
from pytest_dagguard.model.dag import DagFile, LoadError
from pytest_dagguard.stage import attempt, load, warm
from pytest_dagguard.stage.child import Child, fork
from pytest_dagguard.stage.machine import Place, move_in

LOG_TAIL = 20_000
"""Characters of an attempt's log that are kept: the end is where the error is."""


@dataclass(slots=True)
class Running:
    """A child that has not ended yet."""

    child: Child
    log: str
    folder: str
    began: float
    finish: Callable[[Running, bool], tuple[Any, ...]]
    killed: bool = False


class Stage:
    """What the director can ask of the stage: each public method is a command of that name."""

    def __init__(self, emit: Callable[[tuple[Any, ...]], None], place: Place, close: Callable[[], None]) -> None:
        """
        :param emit: tells the director an event
        :param close: called in a child to let go of what is the parent's alone
        """
        self.emit = emit
        self.place = place
        self.objects: dict[str, Any] = {}
        self._close = close
        self._others: set[int] = set()
        self.selector = selectors.DefaultSelector()
        self.running: dict[str, Running] = {}
        self._count = 0

    def configure(self, cloud_pid: int, variables: dict[str, str]) -> None:
        """Tell where the cloud is.

        :param cloud_pid: process in whose network namespace it is, 0 where it has none of its own
        :param variables: what points clients at emulators: modules that are imported here, for all forks, may look at
            them as they are imported
        """
        self.place = replace(self.place, cloud_pid=cloud_pid)
        os.environ.update(variables)

    def warm(self, modules: tuple[str, ...]) -> None:
        """Import third-party modules before the next fork."""
        warm.import_modules(modules)

    def load(self, path: str, endpoints: dict[str, str], variables: dict[str, str]) -> str:
        """Load a DAG file in a fork; ``loaded`` with this ticket follows."""
        ticket, folder, log = self._name("load")

        def body() -> DagFile:
            move_in(self.place, ticket, endpoints, variables)
            return load.describe(path, self.place.root, endpoints["airflow"])

        def finish(running: Running, crashed: bool) -> tuple[Any, ...]:
            found = running.child.result()
            if not isinstance(found, DagFile):
                found = DagFile(path, errors=(_load_failure(running),), seconds=time.perf_counter() - running.began)
            return ("loaded", ticket, found)

        self._start(ticket, body, log, folder, finish)
        return ticket

    def run(self, spec: AttemptSpec) -> str:
        """Run an attempt in a fork; ``exited`` with its actor follows."""
        ticket, folder, log = self._name("try")

        def finish(running: Running, crashed: bool) -> tuple[Any, ...]:
            found = running.child.result()
            if not isinstance(found, AttemptResult) or running.killed:
                state = "killed" if running.killed else "crashed"
                found = AttemptResult(spec.actor, state, seconds=time.perf_counter() - running.began)
            return ("exited", spec.actor, replace(found, log=_tail(log)))

        given = self.objects.get(spec.file)
        load_task = (lambda: given) if given is not None else None
        self._start(spec.actor, lambda: attempt.run(spec, self.place, ticket, load_task), log, folder, finish)
        return ticket

    def kill(self, name: str) -> None:
        """SIGKILL for a child and all its processes; its event follows if it was still there."""
        running = self.running.get(name)
        if running is not None:
            running.killed = True
            processes.kill_tree(running.child.pid)

    def terminate(self, name: str) -> None:
        """SIGTERM for an attempt's process, as its supervisor passes it on; its children hear of it from the task."""
        running = self.running.get(name)
        if running is not None:
            os.kill(running.child.pid, signal.SIGTERM)

    def _name(self, kind: str) -> tuple[str, str, str]:
        self._count += 1
        ticket = f"{kind}{self._count}"
        folder = os.path.join(self.place.scratch, ticket)
        os.makedirs(folder, exist_ok=True)
        return ticket, folder, os.path.join(folder, "log")

    def _start(
        self,
        name: str,
        body: Callable[[], Any],
        log: str,
        folder: str,
        finish: Callable[[Running, bool], tuple[Any, ...]],
    ) -> None:
        if not self.running:
            self._others = set(_children())
        child = fork(body, log, self._let_go)
        self.running[name] = Running(child, log, folder, time.perf_counter(), finish)
        self.selector.register(child.pipe, selectors.EVENT_READ, name)

    def _let_go(self) -> None:
        """In a child: close what is the stage's alone, so that its end is seen when it ends."""
        self._close()
        self.selector.close()
        for each in self.running.values():
            with contextlib.suppress(OSError):
                os.close(each.child.pipe)

    def ended(self, name: str) -> tuple[Any, ...]:
        """Take leave of a child whose pipe has ended, and of everything it left running."""
        running = self.running.pop(name)
        self.selector.unregister(running.child.pipe)
        os.close(running.child.pipe)
        # a child that closed its pipe and lives on has forked away from its own end: nothing of it may stay
        processes.kill_tree(running.child.pid)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(running.child.pid, 0)
        for orphan in _children():
            if orphan not in self._others and orphan not in {each.child.pid for each in self.running.values()}:
                processes.kill_tree(orphan)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(orphan, 0)
        message = running.finish(running, False)
        shutil.rmtree(running.folder, ignore_errors=True)
        return message

    def take(self, name: str) -> None:
        """Take in what a child has written; tell its event when it has ended."""
        running = self.running.get(name)
        if running is not None and running.child.read():
            self.emit(self.ended(name))


def serve(stage: Stage, link: socket.socket) -> None:
    """Serve the director's commands until it hangs up."""
    decoder = wire.Decoder()
    stage.selector.register(link, selectors.EVENT_READ, None)
    while True:
        for key, _ in stage.selector.select():
            if key.data is not None:
                stage.take(key.data)
                continue
            piece = link.recv(1 << 20)
            if not piece:
                return
            for number, name, arguments in decoder.feed(piece):
                try:
                    stage.emit(("returned", number, getattr(stage, name)(*arguments)))
                except Exception as error:  # noqa: BLE001 - told to the director, who knows what it asked for
                    stage.emit(("raised", number, f"{type(error).__name__}: {error}", traceback.format_exc()))


def _children() -> list[int]:
    """Direct children of this process, those it inherited from ended children among them (Linux)."""
    me = os.getpid()
    try:
        return [int(each) for each in Path(f"/proc/{me}/task/{me}/children").read_text().split()]
    except OSError:
        return []


def _tail(log: str) -> str:
    try:
        with open(log, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - LOG_TAIL))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _load_failure(running: Running) -> LoadError:
    log = _tail(running.log)
    if running.killed:
        took = time.perf_counter() - running.began
        return LoadError("timeout", f"the file did not finish loading in {took:.0f} s", 0, log)
    return LoadError("crash", "the process that loads the file ended without a word (os._exit, or a crash)", 0, log)


def main(descriptor: int, place: Place) -> None:
    """Import Airflow, say so, and serve."""
    processes.die_with_parent()
    processes.become_subreaper()
    for each in place.paths:
        if each not in sys.path:
            sys.path.append(each)
    link = socket.socket(fileno=descriptor)
    stage = Stage(lambda message: link.sendall(wire.encode(message)), place, link.close)
    try:
        version = warm.airflow()
    except ImportError as missing:
        stage.emit(("failed", f"Airflow cannot be imported: {missing}"))
        return
    warm.settle()
    stage.emit(("ready", os.getpid(), version))
    serve(stage, link)
