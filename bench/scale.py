"""How time and memory grow with the repository: DAGs of five tasks, all default scenarios, at two sizes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from bench.figures import mib, say, table
from bench.memory import MARK, marked, watch

DAG = """
from datetime import datetime
from airflow.sdk import dag, task

@dag(schedule=None, start_date=datetime(2024, 1, 1))
def {name}():
    @task
    def extract(ds=None):
        return ds

    @task
    def clean(day):
        return day.replace("-", "")

    @task
    def count(day):
        return len(day)

    @task
    def both(day, number):
        return [day, number]

    @task
    def load(rows):
        return len(rows)

    day = clean(extract())
    load(both(day, count(day)))

{name}()
"""


@dataclass(frozen=True, slots=True)
class Size:
    """What one size took.

    :param seconds: wall time
    :param start: of which before the first item ran
    :param director: peak of its resident memory in bytes
    """

    dags: int
    seconds: float
    start: float
    director: int
    last: str
    left: int


def measure(sizes: tuple[int, int]) -> None:
    """Print the table.

    :param sizes: numbers of DAGs, the smaller first
    """
    small, large = (_run(each) for each in sizes)
    rows = [
        [f"{each.dags}", f"{each.seconds:.0f}", f"{each.seconds - each.start:.0f}", mib(each.director), f"{each.left}"]
        for each in (small, large)
    ]
    more = large.dags - small.dags
    slope = (large.seconds - small.seconds) / more
    memory = (large.director - small.director) / more
    grown = (large.seconds - large.start) / (small.seconds - small.start) / (large.dags / small.dags)
    table(
        "DAGs of five tasks, default scenarios",
        ["DAGs", "seconds", "of items", "director MiB", "left running"],
        rows,
        [
            f"each further DAG: {slope:.2f} s and {memory / 1024:.0f} KiB of the director's memory",
            f"time of an item in the larger run: {grown:.2f} times that in the smaller one",
            f"1,000 DAGs by that: {(small.seconds + slope * (1000 - small.dags)) / 60:.0f} min,"
            f" director {mib(small.director + memory * (1000 - small.dags))} MiB",
            small.last,
            large.last,
        ],
    )


def _run(dags: int) -> Size:
    with tempfile.TemporaryDirectory(prefix="dagguard-bench-") as folder:
        root = Path(folder)
        (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
        (root / "dags").mkdir()
        for number in range(dags):
            (root / "dags" / f"five_{number}.py").write_text(DAG.format(name=f"five_{number}"))
        say(f"pytest --dagguard over {dags} DAGs of five tasks ...")
        mark = uuid.uuid4().hex
        began = time.perf_counter()
        with (root / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "pytest",
                    "--dagguard",
                    "-p",
                    "no:cacheprovider",
                    "--durations=0",
                    "--durations-min=0",
                    "-q",
                ],
                cwd=root,
                env={**os.environ, MARK: mark},
                stdout=log,
                stderr=log,
            )
            peaks, _ = watch(process, mark)
        took = time.perf_counter() - began
        lines = (root / "log").read_text().strip().splitlines()
    of_items = sum(float(each.split("s ", 1)[0]) for each in lines if "s call " in each)
    return Size(dags, took, took - of_items, peaks["director"][0], lines[-1], len(list(marked(mark))))
