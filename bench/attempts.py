"""An attempt of each kind of task, beside the task's own work, a warm ``dag.test()`` and ``airflow tasks test``."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.figures import median, ms, say, table, times
from bench.peer import Peer
from bench.places import KINDS, REPOSITORY, Cloud, airflow_home, run
from pytest_dagguard.engine.experiment import carry_out
from pytest_dagguard.engine.lab import Lab, Options, Subject
from pytest_dagguard.model.plan import Run
from pytest_dagguard.model.seed import Seed

IN_A_ROW = 5
NOTES = (
    f"attempt: one experiment as the search makes them, {IN_A_ROW} in a row: bring back the state, queue a try, fork,",
    "  load the file, run the task, read the state. own work: the same callable or execute(), called again and again",
    "  in one warm process against the same emulators. overhead: attempt - own work.",
    "dag.test(): warm, in one process, SQLite. tasks test: `airflow tasks test`, migrated SQLite.",
)


@dataclass(slots=True)
class Times:
    """Seconds by what was run."""

    attempt: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)
    dag_test: list[float] = field(default_factory=list)
    tasks_test: list[float] = field(default_factory=list)


@contextmanager
def laboratory() -> Iterator[Lab]:
    """A laboratory over the repository of this benchmark."""
    lab = Lab(Options(root=REPOSITORY, dags=(REPOSITORY / "dags",), seed=Seed()))
    try:
        lab.start()
        yield lab
    finally:
        lab.close()


def attempt(lab: Lab, dag: str) -> float:
    """Seconds for one attempt of the task of a DAG."""
    subject = Subject(str(REPOSITORY / "dags" / f"{dag}.py"), dag, "work", "manual__2024", tasks=("work",))
    began = time.perf_counter()
    outcome, _ = carry_out(lab, subject, lab.origin, (Run(1),), (0.0,), cleared=False)
    took = time.perf_counter() - began
    if not outcome.last.succeeded:
        raise RuntimeError(f"{dag}: {outcome.last.state} {outcome.last.error}\n{outcome.last.log}")
    return took


def measure(rounds: int, cold: int) -> None:
    """Print the table.

    :param rounds: of each warm thing; they take turns, so that a busy machine is busy for all of them
    :param cold: runs of ``airflow tasks test`` for each kind
    """
    found = {name: Times() for name in KINDS}
    with tempfile.TemporaryDirectory(prefix="dagguard-bench-") as folder, laboratory() as lab:
        home = Path(folder)
        cloud = Cloud(home)
        say("migrating a database for Airflow's own ways of running a task ...")
        run(["airflow", "db", "migrate"], airflow_home(home), home / "migrate.log")
        peer = Peer(home, cloud)
        try:
            _warm(found, lab, peer, rounds)
        finally:
            peer.close()
        for number in range(cold):
            for name, dag in KINDS.items():
                say(f"airflow tasks test {dag} ({number + 1} of {cold}) ...")
                began = time.perf_counter()
                command = ["airflow", "tasks", "test", dag, "work", "2024-01-01"]
                run(command, airflow_home(home), home / "test.log", cloud)
                found[name].tasks_test.append(time.perf_counter() - began)
        cloud.close()
    _show(found, rounds)


def _warm(found: dict[str, Times], lab: Lab, peer: Peer, rounds: int) -> None:
    say(f"{rounds} rounds of attempts, own work and dag.test() ...")
    for dag in KINDS.values():
        errors = lab.load(REPOSITORY / "dags" / f"{dag}.py").errors
        if errors:
            raise RuntimeError(f"{dag}: {errors[0].message}")
    for number in range(rounds + 2):
        for name, dag in KINDS.items():
            row = [attempt(lab, dag) for _ in range(IN_A_ROW)]
            one = (sum(row) / IN_A_ROW, peer.seconds("own", dag), peer.seconds("dag.test", dag))
            if number >= 2:  # the first fill caches, on all sides
                found[name].attempt.append(one[0])
                found[name].own.append(one[1])
                found[name].dag_test.append(one[2])


def _show(found: dict[str, Times], rounds: int) -> None:
    rows = []
    for name, each in found.items():
        one, own = median(each.attempt), median(each.own)
        tested, cold = median(each.dag_test), median(each.tasks_test)
        row = [name, ms(one), ms(min(each.attempt)), ms(own), ms(one - own), f"{1 / one:.1f}"]
        rows.append([*row, ms(tested), times(one, tested), ms(cold), times(one, cold)])
    head = ["ms", "attempt", "best", "own work", "overhead", "per s", "dag.test()", "ratio", "tasks test", "ratio"]
    table(f"Attempts (medians of {rounds} rounds)", head, rows, NOTES)
