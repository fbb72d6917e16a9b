"""The laboratory: stage and cloud together. Loads DAG files and runs experiments, one at a time."""

from __future__ import annotations

import os
import select
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_dagguard.engine.link import Link, packed
from pytest_dagguard.engine.patience import LOOK, Patience
from pytest_dagguard.isolation import environment, machine
from pytest_dagguard.model.attempt import AttemptResult, AttemptSpec
from pytest_dagguard.model.dag import DagFile
from pytest_dagguard.model.limits import Limits
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.seed import Seed
from pytest_dagguard.stage.machine import Place

if TYPE_CHECKING:
    from pytest_dagguard.stage.local import LocalStage

START_TIMEOUT = 120.0
"""Seconds for a helper process to get ready; importing Airflow takes 3 to 8 s on a laptop, more on a busy runner."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a laboratory needs to know of the configuration.

    :param load_timeout: seconds for a DAG file
    :param attempt_timeout: seconds an attempt may work without an operation or an end
    :param patience: seconds an attempt may sleep in all, or wait without working
    """

    root: Path
    dags: tuple[Path, ...]
    seed: Seed
    logical_date: str = "2024-01-01T00:00:00Z"
    auto_buckets: bool = True
    paths: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    load_timeout: float = 30.0
    attempt_timeout: float = 60.0
    patience: float = 10.0
    limits: Limits = field(default_factory=Limits)
    stubs: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    airflow2: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """The task instance that an experiment is about.

    :param tasks: ids of all tasks of its DAG
    :param assets: name and URI of what these read and write
    :param logical_date: of its DAG run; empty for the one of the configuration
    """

    file: str
    dag_id: str
    task_id: str
    run_id: str
    retries: int = 0
    map_index: int = -1
    tasks: tuple[str, ...] = ()
    assets: tuple[tuple[str, str], ...] = ()
    logical_date: str = ""


class Lab:
    """Owns the two helper processes and a scratch folder."""

    def __init__(self, options: Options, local: bool = False) -> None:
        """
        :param local: fork attempts from this process, which then imports Airflow, instead of from a stage of its own
        """
        self.options = options
        self.scratch = Path(tempfile.mkdtemp(prefix="dagguard-"))
        self.version = ""
        self.enclosed = False
        self.attempts = 0
        self._warmed: set[str] = set()
        self._frozen: set[str] = set()
        self._early: list[tuple[Any, ...]] = []
        clean = environment.cleaned(os.environ)
        self.cloud = Link(
            "pytest_dagguard.cloud",
            ["1" if options.auto_buckets else "0"],
            clean,
            self.scratch,
            self.scratch / "cloud.log",
        )
        self.place = Place(
            root=str(options.root),
            paths=tuple(dict.fromkeys([*map(str, options.dags), *options.paths])),
            scratch=str(self.scratch / "m"),
            cloud_pid=0,
            environment=tuple(options.environment.items()),
            limits=options.limits,
            stubs=options.stubs,
            aliases=tuple(options.aliases.items()),
            airflow2=options.airflow2,
        )
        self.stage: Link | LocalStage = self._start_stage(clean) if not local else self._stage_here()
        self._ready = False
        self.origin = 0

    def _start_stage(self, clean: Mapping[str, str]) -> Link:
        return Link(
            "pytest_dagguard.stage",
            [],
            {**clean, **airflow_environment(self.scratch), **self.options.environment},
            self.scratch,
            self.scratch / "stage.log",
            packed(self.place),
        )

    def _stage_here(self) -> LocalStage:
        from pytest_dagguard.stage.local import LocalStage

        for each in self.place.paths:
            if each not in sys.path:
                sys.path.append(each)
        return LocalStage(self.place, airflow_environment(self.scratch))

    def start(self) -> None:
        """Wait until both processes are ready and the seed is in place. They start side by side.

        :raises ProcessLost: one of them did not get ready
        """
        if self._ready:
            return
        _, pid, self.enclosed = self.cloud.expect("ready", START_TIMEOUT)
        self.cloud.call("seed", self.options.seed)
        self.origin = self.cloud.call("snapshot")
        _, _, self.version = self.stage.expect("ready", START_TIMEOUT)
        self.place = replace(self.place, cloud_pid=pid if self.enclosed else 0)
        _, variables = self.cloud.call("open", "nobody", False)
        self.cloud.call("remove", "nobody")
        self.stage.call("configure", self.place.cloud_pid, variables)
        self._ready = True

    def load(self, path: Path) -> DagFile:
        """Load a DAG file in a process of its own."""
        self.start()
        self.cloud.call("restore", self.origin)
        endpoints, variables = self.cloud.call("open", "load", False)
        self.cloud.call("allow", "load", None)
        ticket = self.stage.call("load", str(path), endpoints, variables)
        deadline = time.monotonic() + self.options.load_timeout
        while True:
            event = self._next(deadline)
            if event is None:
                self.stage.call("kill", ticket)
                deadline = time.monotonic() + START_TIMEOUT
            elif event[0] == "loaded" and event[1] == ticket:
                break
        self.cloud.call("remove", "load")
        found: DagFile = _with_destination(event[2], self.cloud.call("refusals")[1])
        self._warm(found.modules)
        return found

    def _warm(self, modules: tuple[str, ...]) -> None:
        """Have the stage import what a child had to import, so that the next child finds it."""
        fresh = [each for each in modules if each not in self._warmed]
        if fresh:
            self._warmed.update(fresh)
            self.stage.call("warm", tuple(fresh))

    def _next(self, deadline: float) -> tuple[Any, ...] | None:
        """The next event of either process, None at the deadline."""
        while True:
            for link in (self.cloud, self.stage):
                if link.events:
                    return link.events.popleft()
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            for link in select.select([self.cloud, self.stage], [], [], left)[0]:
                link.take()

    def _next_of(self, actor: str, deadline: float) -> tuple[Any, ...] | None:
        """The next event of one attempt; those of others, which end when they like, are kept until they are asked."""
        for kept in self._early:
            if kept[1] == actor:
                self._early.remove(kept)
                return kept
        while (event := self._next(deadline)) is not None and event[1] != actor:
            self._early.append(event)
        return event

    def give(self, key: str, operator: Any) -> None:
        """Have attempts whose file is ``key`` run an operator object; only where attempts are forked from here."""
        assert not isinstance(self.stage, Link)
        self.stage.give(key, operator)

    def content(self, digest: str) -> bytes:
        """Content by its SHA-256, as states name it."""
        found: bytes = self.cloud.call("content", digest)
        return found

    def confinement(self) -> str:
        """What keeps attempts from the network, in words."""
        self.start()
        return replace(machine.available(), network=self.enclosed).describe()

    def close(self) -> None:
        """End both processes and remove the scratch folder."""
        self.stage.close()
        self.cloud.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def queue(self, subject: Subject, try_number: int, max_tries: int) -> str:
        """Have the (emulated) scheduler queue a try; earlier tries are superseded. Returns its task instance id."""
        ti_id = str(uuid.uuid4())
        self.cloud.call(
            "command",
            "airflow",
            "dag_run",
            {"dag_id": subject.dag_id, "run_id": subject.run_id, "logical_date": self._date(subject)},
        )
        self.cloud.call("command", "airflow", "tasks", {"dag_id": subject.dag_id, "task_ids": list(subject.tasks)})
        assets = [{"name": name, "uri": uri} for name, uri in subject.assets]
        self.cloud.call("command", "airflow", "assets", {"assets": assets})
        payload = {
            "dag_id": subject.dag_id,
            "run_id": subject.run_id,
            "task_id": subject.task_id,
            "map_index": subject.map_index,
            "ti_id": ti_id,
            "try_number": try_number,
            "max_tries": max_tries,
        }
        self.cloud.call("command", "airflow", "queue", payload)
        return ti_id

    def _date(self, subject: Subject) -> str:
        return subject.logical_date or self.options.logical_date

    def launch(
        self, subject: Subject, actor: str, try_number: int, max_tries: int, shift: float, where: bool, seed: int
    ) -> None:
        """Start an attempt; its gate is closed."""
        ti_id = self.queue(subject, try_number, max_tries)
        endpoints, variables = self.cloud.call("open", actor, where)
        spec = AttemptSpec(
            actor=actor,
            file=subject.file,
            dag_id=subject.dag_id,
            task_id=subject.task_id,
            run_id=subject.run_id,
            logical_date=self._date(subject),
            ti_id=ti_id,
            try_number=try_number,
            map_index=subject.map_index,
            clock_shift=shift,
            endpoints=tuple(endpoints.items()),
            environment=tuple(variables.items()),
            where=where,
            seed=seed,
            patience=self.options.patience,
        )
        self.attempts += 1
        self._early = [each for each in self._early if each[1] != actor]
        self.stage.call("run", spec)

    def proceed(self, actor: str, until: Selector | None) -> tuple[str, Any]:
        """Let an attempt go on.

        :returns: ``("reached", index)`` when it stands after the operation, ``("exited", result)`` when it has ended,
            ``("given up", why)`` when it is not worth waiting for any more
        """
        self.cloud.call("allow", actor, until)
        if actor in self._frozen:
            self._frozen.discard(actor)
            self.stage.call("thaw", actor)
        patience = Patience(self.options.patience, self.options.attempt_timeout)
        while True:
            event = self._next_of(actor, time.monotonic() + LOOK)
            if event is None:
                operations = self.cloud.call("seen", actor)
                cpu, refused = self.stage.call("look", actor)
                if refused or any(self.cloud.call("refusals")):
                    # it may well go on trying for minutes, and nothing that comes of it is evidence any more
                    return "given up", "goes on after a call that was refused"
                if why := patience.spent(operations, cpu):
                    return "given up", why
                continue
            if event[0] == "reached":
                self._frozen.add(actor)
                self.stage.call("freeze", actor)
                return "reached", event[2]
            if event[0] == "exited":
                self.cloud.call("remove", actor)
                if event[2].succeeded:
                    self._warm(dict(event[2].details).get("modules", ()))
                return "exited", event[2]

    def kill(self, actor: str) -> AttemptResult:
        """SIGKILL: first nothing of it takes effect any more, then its processes are gone."""
        self._frozen.discard(actor)
        self.cloud.call("remove", actor)
        self.stage.call("kill", actor)
        while True:
            event = self._next_of(actor, time.monotonic() + START_TIMEOUT)
            if event is None:
                return AttemptResult(actor, "killed")
            if event[0] == "exited":
                result: AttemptResult = event[2]
                return result


def _with_destination(found: DagFile, refused: Sequence[str]) -> DagFile:
    """Name the network in the errors of a file that wanted it: clients say no more than that a proxy refused."""
    if not refused:
        return found
    why = f"the file connects to {refused[0]} while it loads, and only emulated services can be reached"
    errors = (replace(each, kind="egress", message=f"{why} ({each.message})") for each in found.errors)
    return replace(found, errors=tuple(errors))


def airflow_environment(scratch: Path) -> dict[str, str]:
    """Airflow's configuration in the stage: no database, no examples, nothing of the user's installation."""
    home = scratch / "airflow"
    home.mkdir(parents=True, exist_ok=True)
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "0",
        # with fewer, the line of the DAG file is not among them
        "AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH": "100",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/never-made.db",
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "1",
        "NO_COLOR": "1",
        "PYTHONHASHSEED": "0",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    }
