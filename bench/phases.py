"""Where the time of an attempt goes, seen from inside: forks of this process, with clocks around the parts.

Here nothing is forked ahead, as in a hand-written test; with ``--dagguard`` forking, moving in and ending happen beside
other work. Run in a process of its own: ``python -m bench.phases ROUNDS``.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.attempts import attempt
from bench.figures import median, ms, table
from bench.places import HERE, KINDS, REPOSITORY

_PREFIX = "dagguard-bench "
_marks: list[tuple[str, float, int]] = []
PARTS = ("move in", "start", "load the file", "prepare", "execute", "report the end")


def measure(rounds: int) -> None:
    """Print the tables."""
    subprocess.run([sys.executable, "-m", "bench.phases", str(rounds)], cwd=HERE.parent, check=True)


def _clock(owner: Any, name: str, part: str) -> None:
    """Have each call of a function noted."""
    function: Callable[..., Any] = getattr(owner, name)

    def clocked(*arguments: Any, **named: Any) -> Any:
        began, faults = time.perf_counter(), _faults()
        try:
            return function(*arguments, **named)
        finally:
            _marks.append((part, time.perf_counter() - began, _faults() - faults))

    setattr(owner, name, clocked)


def _faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def _put_clocks() -> None:
    from airflow.sdk.api import client
    from airflow.sdk.execution_time import task_runner

    from pytest_dagguard.stage import attempt as attempts
    from pytest_dagguard.stage.compat import dagbag

    _clock(attempts, "move_in", "move in")
    _clock(client.TaskInstanceOperations, "start", "start")
    _clock(dagbag, "load", "load the file")
    _clock(task_runner, "_prepare", "prepare")
    _clock(task_runner, "_execute_task", "execute")
    for each in ("succeed", "finish", "retry"):
        _clock(client.TaskInstanceOperations, each, "report the end")
    whole = attempts.run

    def run(*arguments: Any) -> Any:
        _marks.clear()
        began, faults = time.perf_counter(), _faults()
        result = whole(*arguments)
        _marks.append(("all of it", time.perf_counter() - began, _faults() - faults))
        os.write(1, (_PREFIX + json.dumps(_marks) + "\n").encode())
        return result

    vars(attempts)["run"] = run


def _main(rounds: int) -> None:
    from pytest_dagguard.engine.lab import Lab, Options
    from pytest_dagguard.model.seed import Seed

    lab = Lab(Options(root=REPOSITORY, dags=(REPOSITORY / "dags",), seed=Seed()), local=True)
    rows = []
    try:
        lab.start()
        for dag in KINDS.values():
            lab.load(REPOSITORY / "dags" / f"{dag}.py")
            for _ in range(2):
                attempt(lab, dag)
        _put_clocks()
        for name, dag in KINDS.items():
            found: dict[str, list[float]] = {}
            faults = []
            for _ in range(rounds):
                for part, seconds, count in _marks_of(lab, dag):
                    found.setdefault(part, []).append(seconds)
                    if part == "all of it":
                        faults.append(count)
            parts = [median(found[part]) for part in PARTS]
            whole = median(found["all of it"])
            rows.append([name, *map(ms, parts), ms(whole - sum(parts)), ms(whole), f"{median(faults):.0f}"])
        bare = _bare_forks(rounds)
    finally:
        lab.close()
    head = ["ms", *PARTS, "rest", "all of it", "page faults"]
    notes = [
        f"a bare fork of this process: {ms(bare[0])} ms until fork returns, {ms(bare[1])} ms until the child is gone"
    ]
    table(f"Inside an attempt (medians of {rounds})", head, rows, notes)


def _marks_of(lab: Any, dag: str) -> list[tuple[str, float, int]]:
    from pytest_dagguard.engine import experiment
    from pytest_dagguard.engine.lab import Subject
    from pytest_dagguard.model.plan import Run

    subject = Subject(str(REPOSITORY / "dags" / f"{dag}.py"), dag, "work", "manual__2024", tasks=("work",))
    outcome, _ = experiment.carry_out(lab, subject, lab.origin, (Run(1),), (0.0,), cleared=False)
    for line in outcome.last.log.splitlines():
        if line.startswith(_PREFIX):
            return [tuple(each) for each in json.loads(line.removeprefix(_PREFIX))]
    raise RuntimeError(f"{dag}: {outcome.last}")


def _bare_forks(rounds: int) -> tuple[float, float]:
    gc.freeze()
    forked, gone = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        forked.append(time.perf_counter() - began)
        os.waitpid(pid, 0)
        gone.append(time.perf_counter() - began)
    return median(forked), median(gone)


if __name__ == "__main__":
    _main(int(sys.argv[1]))
