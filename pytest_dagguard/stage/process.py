"""The stage process: Airflow imported once, a fork per DAG file and per attempt, told what to do over a socket."""

from __future__ import annotations

import contextlib
import os
import resource
import selectors
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_dagguard.isolation import bounds, egress, environment, processes, usage, waits
from pytest_dagguard.model.attempt import AttemptResult, AttemptSpec, LifeSpec
from pytest_dagguard.model.dag import DagFile
from pytest_dagguard.model.life import Death
from pytest_dagguard.stage import abstract, attempt, endings, life, load, needs, pages, spare, stand_ins, touched, warm
from pytest_dagguard.stage.child import Child, fork
from pytest_dagguard.stage.machine import Place, move_in, prepare, settle_in
from pytest_dagguard.stage.spare import Seat, Spare
from pytest_dagguard.stage.watch import Watch

_LULL = 0.02
"""Seconds without news after which what is left of those that have ended may be put away: an order has time before."""

_LOAD = "load"
"""By which it is known what loads write to; an attempt is known by its task."""

_WORTH = 30
"""Forks after which to have forked so often shows that what makes them cheaper is worth its time."""


@dataclass(slots=True)
class Running:
    """A child that has an order and has not ended yet.

    :param began: when it got the order (:func:`time.perf_counter`)
    """

    seat: Seat
    child: Child
    began: float
    finish: Callable[[Running], tuple[Any, ...]]
    killed: bool = False
    over: str = ""
    looks: int = 0


class Stage:
    """What the director can ask of the stage: each public method without a word on that is a command of its name."""

    def __init__(
        self,
        emit: Callable[[tuple[Any, ...]], None],
        place: Place,
        close: Callable[[], None],
        ahead: bool = False,
    ) -> None:
        """
        :param emit: tells the director an event
        :param close: called in a child to let go of what is the parent's alone
        :param ahead: fork before it is asked for, and tell a result before its process has ended: not where somebody
            else's code runs in this process, which may change what forks are to see
        """
        self.emit = emit
        self.place = place
        self.objects: dict[str, Any] = {}
        self._close = close
        self._ahead = ahead
        self._spare: Spare | None = None
        self._others: set[int] = set()
        self.selector = selectors.DefaultSelector()
        self.running: dict[str, Running] = {}
        self._leaving: dict[int, Running] = {}
        self._gone: list[int] = []
        self._count = 0
        self._since = 0
        self._habits = touched.Habits()

    def configure(self, cloud_pid: int, variables: dict[str, str]) -> None:
        """Tell where the cloud is.

        :param cloud_pid: process in whose network namespace it is, 0 where it has none of its own
        :param variables: what points clients at emulators: modules that are imported here, for all forks, may look at
            them as they are imported
        """
        self._dismiss()
        self.place = replace(self.place, cloud_pid=cloud_pid)
        os.environ.update(variables)

    def warm(self, modules: tuple[str, ...]) -> None:
        """Import third-party modules before the next fork."""
        self._dismiss()
        warm.import_modules(modules)
        needs.note_loose(modules)
        self._since = 0

    def load(self, path: str, endpoints: dict[str, str], variables: dict[str, str]) -> str:
        """Load a DAG file in a fork; ``loaded`` with this ticket follows."""
        limits = self.place.limits
        notes = self._ahead and self._habits.begins(_LOAD)

        def finish(running: Running) -> tuple[Any, ...]:
            found = _result(running.child)
            if isinstance(found, tuple):
                found, memory = found
                self._habits.keep(_LOAD, memory)
            if not isinstance(found, DagFile) or running.over:
                took = time.perf_counter() - running.began
                failure = endings.of_load(
                    running.child.pid, running.seat.log, took, running.over, running.killed, limits
                )
                found = DagFile(path, errors=(failure,), seconds=took)
            found = endings.named(found, limits)
            return ("loaded", running.seat.ticket, found)

        return self._start("", finish, "describe", path, endpoints, variables, notes)

    def run(self, spec: AttemptSpec, wake: dict[str, Any] | None = None) -> str:
        """Run an attempt in a fork; ``exited`` with its actor follows.

        :param wake: run the trigger that it waits for, see :func:`attempt.run`
        """

        task = (spec.file, spec.dag_id, spec.task_id)
        notes = self._ahead and wake is None and self._habits.begins(task)

        def finish(running: Running) -> tuple[Any, ...]:
            found = _result(running.child)
            if notes and isinstance(found, AttemptResult):
                self._habits.keep(task, dict(found.details)["touched"])
                found = replace(found, details=tuple(each for each in found.details if each[0] != "touched"))
            if not isinstance(found, AttemptResult) or running.killed or running.over:
                state = "killed" if running.killed else "crashed"
                refused = egress.read(Path(running.seat.folder, "egress"))
                why = self.place.limits.words(running.over) if running.over else ""
                took = time.perf_counter() - running.began
                found = AttemptResult(spec.actor, state, why, seconds=took, egress=refused)
            warm.read_sources(dict(found.details).get("sources", ()))
            return ("exited", spec.actor, replace(found, log=endings.tail(running.seat.log)))

        return self._start(spec.actor, finish, "attempt", spec, wake, notes)

    def _perform(self, ticket: str, job: str, arguments: tuple[Any, ...]) -> Any:
        """In a child: do what it was forked for; returns what came of it, and what it was the first to ask."""
        abstract.begin()
        does: dict[str, Callable[..., Any]] = {
            "describe": self._describe,
            "attempt": self._attempt,
            "life": lambda ticket, spec: life.run(spec, self.place, ticket),
        }
        return does[job](ticket, *arguments), abstract.asked()

    def _describe(
        self, ticket: str, path: str, endpoints: dict[str, str], variables: dict[str, str], notes: bool
    ) -> DagFile | tuple[DagFile, touched.Spans]:
        record = needs.Record(os.path.dirname(self.place.scratch)) if self._ahead else None
        watch = Watch(self.place.root, str(Path(self.place.scratch, ticket, "egress")), record)
        watch.install()
        move_in(self.place, ticket, endpoints, variables)
        if record is not None:
            record.install()
            own = settle_in(self.place, ticket)
            record.begin({*variables, *own, *environment.no_proxy_out(""), processes.MARKER})
        found = load.describe(path, self.place.root, endpoints, watch)
        found = replace(found, stand_ins=tuple(stand_ins.used))
        # what was imported is here before the next one, which does not write to where it came from
        return (found, touched.note()) if notes and not found.modules else found

    def _attempt(self, ticket: str, spec: AttemptSpec, wake: dict[str, Any] | None, notes: bool) -> AttemptResult:
        given = self.objects.get(spec.file)
        load_task = (lambda: given) if given is not None else None
        result = attempt.run(spec, self.place, ticket, load_task, wake)
        started = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss > 0
        details = [("programs", started), *([("touched", touched.note())] if notes else [])]
        return replace(result, details=(*result.details, *details))

    def live(self, spec: LifeSpec) -> str:
        """Run a pod or a job in a fork; ``exited`` with its actor and its :class:`Death` follows."""

        def finish(running: Running) -> tuple[Any, ...]:
            found = _result(running.child)
            if not isinstance(found, Death):
                found = Death(137, tuple(endings.tail(running.seat.log).splitlines()))
            return ("exited", spec.birth.actor, found)

        return self._start(spec.birth.actor, finish, "life", spec)

    def runs(self, name: str) -> bool:
        """Say whether a child of this name has not ended yet."""
        return name in self.running

    def look(self, name: str) -> tuple[float, tuple[str, ...]]:
        """What an attempt is up to: seconds of processor time so far, and connections that it was refused."""
        running = self.running.get(name)
        if running is None:
            return 0.0, ()
        self._watch_over(running)
        return usage.cpu_seconds(running.child.pid), egress.read(Path(running.seat.folder, "egress"))

    def waits(self, name: str) -> str:
        """What an attempt that is silent waits for, see :func:`~pytest_dagguard.isolation.waits.cause`."""
        running = self.running.get(name)
        return waits.cause(running.child.pid) if running is not None else ""

    def asleep(self, name: str) -> bool:
        """Say whether an attempt does nothing at this moment, see :func:`~pytest_dagguard.isolation.waits.asleep`."""
        running = self.running.get(name)
        return running is not None and waits.asleep(running.child.pid)

    def watch(self) -> None:
        """Do what there is time for: end children that use more of the machine than they may. (Not a command.)"""
        self._bury_gone()
        for running in list(self.running.values()):
            self._watch_over(running)

    def _watch_over(self, running: Running) -> None:
        seat, pid = running.seat, running.child.pid
        running.looks += 1
        if not running.over and not running.killed:
            running.over = bounds.exceeded(pid, seat.folder, seat.log, self.place.limits, running.looks)
            if running.over:
                processes.kill_tree(pid)

    def kill(self, name: str) -> None:
        """SIGKILL for a child and all its processes; its event follows if it was still there."""
        running = self.running.get(name)
        if running is not None:
            running.killed = True
            processes.kill_tree(running.child.pid)

    def freeze(self, name: str) -> None:
        """Stop an attempt and its processes: its clients' time-outs must not run out while it is held."""
        running = self.running.get(name)
        if running is not None:
            processes.freeze_tree(running.child.pid)

    def thaw(self, name: str) -> None:
        """Let an attempt that was frozen go on."""
        running = self.running.get(name)
        if running is not None:
            processes.thaw_tree(running.child.pid)

    def terminate(self, name: str) -> None:
        """SIGTERM for an attempt's process, as its supervisor passes it on; its children hear of it from the task."""
        running = self.running.get(name)
        if running is not None:
            os.kill(running.child.pid, signal.SIGTERM)

    def _seat(self) -> Seat:
        self._count += 1
        ticket = f"{self._count}"
        prepare(self.place)
        folder = os.path.join(self.place.scratch, ticket)
        os.makedirs(folder, exist_ok=True)
        return Seat(ticket, folder, os.path.join(folder, "log"))

    def _start(self, name: str, finish: Callable[[Running], tuple[Any, ...]], job: str, *arguments: Any) -> str:
        """Have a child do a job.

        :param name: by which it is known until it ends; empty: its ticket
        :returns: its ticket
        """
        if not self.running and not self._leaving:
            self._others = set(_children())
        spare, self._spare = self._spare, None
        if spare is not None and spare.give(job, arguments):
            seat, child = spare.seat, spare.child
        else:
            seat = self._seat()
            child = fork(lambda: self._perform(seat.ticket, job, arguments), seat.log, self._let_go)
        running = Running(seat, child, time.perf_counter(), finish)
        self.running[name or seat.ticket] = running
        self.selector.register(child.pipe, selectors.EVENT_READ, name or seat.ticket)
        return seat.ticket

    @property
    def calm(self) -> float | None:
        """Seconds without news after which there is time for :meth:`watch`; None: there is nothing to do."""
        return _LULL if self._gone else bounds.EVERY if self.running else None

    def stock(self) -> None:
        """Fork a child for the next order, where the last one was taken. (Not a command.)"""
        if self._ahead and self._spare is None and self.running:
            self._since += 1
            if self._since == _WORTH:
                pages.collapse()
            self._spare = spare.prepare(self.place, self._seat(), self._perform, self._let_go, self._habits.likely())
            self._bury_gone()

    def _dismiss(self) -> None:
        """Send away the spare, which is not what a fork would be now."""
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.dismiss()
            self._bury(Running(spare.seat, spare.child, 0.0, lambda _: ()))

    def _let_go(self) -> None:
        """In a child: close what is the stage's alone, so that its end is seen when it ends."""
        self._close()
        self.selector.close()
        pipes = [each.child.pipe for each in (*self.running.values(), *self._leaving.values())]
        if self._spare is not None:
            pipes += [self._spare.order, self._spare.child.pipe]
        for each in pipes:
            with contextlib.suppress(OSError):
                os.close(each)

    def take(self, key: str | int) -> None:
        """Take in what a child has written; tell its event when it has a result, or none will come. (Not a command.)"""
        if isinstance(key, int):
            leaving = self._leaving[key]
            if leaving.child.read() and leaving.child.gone:
                self.selector.unregister(leaving.child.pipe)
                self._gone.append(key)
            return
        running = self.running.get(key)
        if running is None or not running.child.read():
            return
        if not running.over and not running.killed and bounds.flooded(running.seat.log, self.place.limits):
            running.over = "output"
        if running.child.gone or not self._ahead:
            self.emit(self.ended(key))
            return
        # all it has left to do is to end, which takes the kernel as long as many a task: that need not be waited for
        del self.running[key]
        self._leaving[running.child.pid] = running
        self.selector.modify(running.child.pipe, selectors.EVENT_READ, running.child.pid)
        self.emit(running.finish(running))

    def ended(self, name: str) -> tuple[Any, ...]:
        """Take leave of a child that is to run no more, and return its event. (Not a command.)"""
        running = self.running.pop(name)
        self.selector.unregister(running.child.pipe)
        message = running.finish(running)
        self._bury(running)
        return message

    def _bury_gone(self) -> None:
        for pid in self._gone:
            self._bury(self._leaving.pop(pid))
        self._gone.clear()

    def _bury(self, running: Running) -> None:
        """Have nothing be left of a child: neither it, nor what it has started, nor its folder."""
        os.close(running.child.pipe)
        # a child that closed its pipe and lives on has forked away from its own end: nothing of it may stay
        _end(running.child.pid)
        ours = {each.child.pid for each in (*self.running.values(), *self._leaving.values())}
        if self._spare is not None:
            ours.add(self._spare.child.pid)
        for orphan in _children():
            if orphan not in self._others and orphan not in ours:
                _end(orphan)
        shutil.rmtree(running.seat.folder, ignore_errors=True)


def _result(child: Child) -> Any:
    """What came of the child's job, None where it ended without."""
    left = child.result()
    if left is None:
        return None
    found, asked = left
    abstract.ask(asked)
    return found


def _end(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return  # nothing is left of it but orphans, which are this process's children now
    processes.kill_tree(pid)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _children() -> list[int]:
    """Direct children of this process, those it inherited from ended children among them (Linux)."""
    me = os.getpid()
    try:
        return [int(each) for each in Path(f"/proc/{me}/task/{me}/children").read_text().split()]
    except OSError:
        return []
