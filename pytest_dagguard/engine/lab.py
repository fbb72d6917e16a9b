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
from urllib.parse import urlsplit

from pytest_dagguard.engine.actors import Actors
from pytest_dagguard.engine.link import Link, packed
from pytest_dagguard.isolation import environment, machine, processes
from pytest_dagguard.model.dag import DagFile
from pytest_dagguard.model.limits import Limits
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
    :param patience: seconds an attempt may wait without working
    :param behaviours: what pods and jobs do: ``images`` and ``jobs``, each pattern -> behaviour
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
    behaviours: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
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
    :param retry_delay: seconds between a failure and the next try
    :param triggered: its DAG run is there already: a task has triggered it
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
    retry_delay: float = 0.0
    triggered: bool = False


class Lab:
    """Owns the two helper processes and a scratch folder."""

    def __init__(self, options: Options, local: bool = False) -> None:
        """
        :param local: fork attempts from this process, which then imports Airflow, instead of from a stage of its own
        """
        self.options = options
        self.scratch = Path(tempfile.mkdtemp(prefix="dagguard-"))
        self.version = ""
        self.volatile: tuple[str, ...] = (str(self.scratch),)
        self.enclosed = False
        self.actors = Actors(self)
        self._warmed: set[str] = set()
        clean = environment.cleaned(os.environ)
        # below the one folder that attempts see too
        clients = self.scratch / "m" / "clients"
        clients.mkdir(parents=True)
        (self.scratch / "airflow").mkdir()
        self.cloud = Link(
            "pytest_dagguard.cloud",
            ["1" if options.auto_buckets else "0", str(clients), str(self.scratch)],
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
            {
                **clean,
                **airflow_environment(self.scratch),
                **self.options.environment,
                processes.MARKER: str(self.scratch),
            },
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
        self.cloud.call("behaviours", {kind: dict(rows) for kind, rows in self.options.behaviours.items()})
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
        self.volatile = (str(self.scratch), *(urlsplit(url).netloc for url in endpoints.values()))
        ticket = self.stage.call("load", str(path), endpoints, variables)
        deadline = time.monotonic() + self.options.load_timeout
        while True:
            event = self.next(deadline)
            if event is None:
                self.stage.call("kill", ticket)
                deadline = time.monotonic() + START_TIMEOUT
            elif event[0] == "loaded" and event[1] == ticket:
                break
        self.cloud.call("remove", "load")
        found: DagFile = _with_destination(event[2], self.cloud.call("refusals")[1])
        self.warm(found.modules)
        return found

    def warm(self, modules: tuple[str, ...]) -> None:
        """Have the stage import what a child had to import, so that the next child finds it."""
        fresh = [each for each in modules if each not in self._warmed]
        if fresh:
            self._warmed.update(fresh)
            self.stage.call("warm", tuple(fresh))

    def next(self, deadline: float) -> tuple[Any, ...] | None:
        """The next event of either process, None at the deadline (:func:`time.monotonic`)."""
        while True:
            for link in (self.cloud, self.stage):
                if link.events:
                    return link.events.popleft()
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            for link in select.select([self.cloud, self.stage], [], [], left)[0]:
                link.take()

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
        processes.sweep(str(self.scratch))  # where the stage was killed, what attempts had started is nobody's
        shutil.rmtree(self.scratch, ignore_errors=True)

    @property
    def attempts(self) -> int:
        """How many attempts were started."""
        return self.actors.count

    def queue(self, subject: Subject, try_number: int, max_tries: int, ahead: float = 0.0) -> str:
        """Have the (emulated) scheduler queue a try; earlier tries are superseded.

        :param ahead: seconds by which the cloud's clocks are ahead of the machine's
        :returns: its task instance id
        """
        ti_id = str(uuid.uuid4())
        run = {"dag_id": subject.dag_id, "run_id": subject.run_id}
        payload = {
            **run,
            "task_id": subject.task_id,
            "map_index": subject.map_index,
            "ti_id": ti_id,
            "try_number": try_number,
            "max_tries": max_tries,
        }
        dated = run if subject.triggered else {**run, "logical_date": self.date(subject)}
        assets = [{"name": name, "uri": uri} for name, uri in subject.assets]
        self.cloud.calls(
            ("ahead", ahead),
            ("command", "airflow", "dag_run", dated),
            ("command", "airflow", "tasks", {"dag_id": subject.dag_id, "task_ids": list(subject.tasks)}),
            ("command", "airflow", "assets", {"assets": assets}),
            ("command", "airflow", "queue", payload),
        )
        return ti_id

    def date(self, subject: Subject) -> str:
        """The logical date of a task instance's run."""
        return subject.logical_date or self.options.logical_date


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
