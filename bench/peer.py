"""A process with Airflow imported and all DAG files loaded, which runs a task each time it is told to.

Run as ``python -m bench.peer``. A line on its standard input is ``own DAG`` (the task's callable or ``execute``, and
nothing around it) or ``dag.test DAG``; it answers with a line on the descriptor that it was given: the seconds it took.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from bench.places import HERE, KINDS, REPOSITORY, Cloud, airflow_home
from pytest_dagguard.isolation import environment

DAY = "2024-01-01"


class Peer:
    """This module's other end: the process, and what it is told."""

    def __init__(self, home: Path, cloud: Cloud) -> None:
        """
        :param home: of an Airflow with a database
        """
        answers, theirs = os.pipe()
        self._log = (home / "peer.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.peer", str(theirs)],
            cwd=HERE.parent,
            env={**environment.cleaned(os.environ), **cloud.variables, **airflow_home(home)},
            pass_fds=[theirs],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            preexec_fn=cloud.enter,
            text=True,
        )
        os.close(theirs)
        self._answers = os.fdopen(answers)

    def seconds(self, what: str, dag: str) -> float:
        """How long one run took."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what} {dag}\n")
        self._process.stdin.flush()
        answer = self._answers.readline()
        if not answer:
            raise RuntimeError(f"{what} of {dag} failed\n{Path(self._log.name).read_text(errors='replace')[-3000:]}")
        return float(answer)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        self._answers.close()
        self._log.close()


def _own(task: Any) -> Callable[[], object]:
    """What the user wrote, or chose, of a task."""
    function = getattr(task, "python_callable", None)
    if function is None:
        task.render_template_fields({"ds": DAY})
        return lambda: task.execute({})
    arguments = {"ds": DAY} if "ds" in function.__code__.co_varnames[: function.__code__.co_argcount] else {}
    return lambda: function(**arguments)


def _load() -> dict[str, Any]:
    from airflow.dag_processing.dagbag import DagBag

    found = {}
    for name in KINDS.values():
        path = str(REPOSITORY / "dags" / f"{name}.py")
        bag = DagBag(path, collect_dags=False)
        bag.process_file(path, only_if_updated=False, safe_mode=False)
        found[name] = bag.dags[name]
    return found


def _serve(answers: int) -> None:
    dags = _load()
    owns = {name: _own(dag.get_task("work")) for name, dag in _load().items()}
    for days, line in enumerate(sys.stdin):
        what, name = line.split()
        day = datetime(2024, 1, 1, tzinfo=timezone.utc) + timedelta(days=days)
        began = time.perf_counter()
        if what == "own":
            owns[name]()
        else:
            state = dags[name].test(logical_date=day).state
            assert state == "success", state
        os.write(answers, f"{time.perf_counter() - began}\n".encode())


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
