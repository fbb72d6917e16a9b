"""A repository of small DAGs, all of it: how long it takes, how much memory, and whether anything is left running."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil

from bench.figures import mib, say, table

DAG = """
from datetime import datetime
from airflow.sdk import dag, task

@dag(schedule=None, start_date=datetime(2024, 1, 1))
def {name}():
    @task
    def extract(ds=None):
        return ds

    @task
    def load(day):
        return len(day)

    load(extract())

{name}()
"""
ROLES = {"director": "-m pytest", "cloud": "'pytest_dagguard.cloud'", "stage": "'pytest_dagguard.stage'"}
MARK = "DAGGUARD_BENCH_MARK"


def measure(files: int) -> None:
    """Print the table.

    :param files: DAG files, of two tasks each
    """
    with tempfile.TemporaryDirectory(prefix="dagguard-bench-") as folder:
        root = Path(folder)
        (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
        (root / "dags").mkdir()
        for number in range(files):
            (root / "dags" / f"small_{number}.py").write_text(DAG.format(name=f"small_{number}"))
        say(f"pytest --dagguard over {files} DAG files ...")
        mark = uuid.uuid4().hex
        began = time.perf_counter()
        with (root / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "pytest", "--dagguard", "--dagguard-scenarios=twice", "-p", "no:cacheprovider"],
                cwd=root,
                env={**os.environ, MARK: mark},
                stdout=log,
                stderr=log,
            )
            peaks, children = watch(process, mark)
        took = time.perf_counter() - began
        last = (root / "log").read_text().strip().splitlines()[-1]
    left = [each.pid for each in marked(mark)]
    rows = [[role, mib(rss), mib(uss), mib(pss)] for role, (rss, uss, pss) in peaks.items()]
    together = [sum(peaks[role][i] for role in ("director", "cloud") if role in peaks) for i in range(3)]
    rows.append(["director + cloud", *map(mib, together)])
    table(
        f"Peak memory over {files} DAG files of two tasks (twice)",
        ["MiB", "RSS", "USS", "PSS"],
        rows,
        [f"{took:.0f} s; at most {children} children of the stage at a time; left running: {left or 'none'}", last],
    )


def watch(process: subprocess.Popen[bytes], mark: str) -> tuple[dict[str, tuple[int, int, int]], int]:
    """Look at the processes until the run ends; returns the peaks by role, and the most children of the stage."""
    peaks: dict[str, tuple[int, int, int]] = {}
    known: dict[str, psutil.Process] = {}
    most = 0
    while process.poll() is None:
        if len(known) < len(ROLES):
            known.update(_roles(process.pid, mark))
        for role, each in known.items():
            with contextlib.suppress(psutil.Error):
                info = each.memory_full_info()
                before = peaks.get(role, (0, 0, 0))
                peaks[role] = tuple(map(max, before, (info.rss, info.uss, info.pss)))
                if role == "stage":
                    most = max(most, len(each.children()))
        time.sleep(0.25)
    return peaks, most


def _roles(director: int, mark: str) -> Iterator[tuple[str, psutil.Process]]:
    for each in marked(mark):
        with contextlib.suppress(psutil.Error):
            command = " ".join(each.cmdline())
            for role, words in ROLES.items():
                # a fork has its parent's command line
                if words in command and (each.pid == director or each.ppid() == director):
                    yield role, each


def marked(mark: str) -> Iterator[psutil.Process]:
    """The processes that have a mark in their environment."""
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if each.environ().get(MARK) == mark:
                yield each
