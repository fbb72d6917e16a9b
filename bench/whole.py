"""A run of pytest over a repository that is made for it: how long it takes, what it holds, what it leaves."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import textwrap
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.figures import say

ROLES = {"director": "-m pytest", "cloud": "'pytest_dagguard.cloud'", "stage": "'pytest_dagguard.stage'"}
MARK = "DAGGUARD_BENCH_MARK"
DAG = """
from datetime import datetime
from airflow.sdk import dag, task

@dag(schedule=None, start_date=datetime(2024, 1, 1))
def {name}():
{tasks}
{name}()
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that has ended.

    :param seconds: wall time
    :param peaks: role -> most resident, unique and proportional memory in bytes
    :param children: most children of the stage at a time
    :param lines: what it printed
    :param left: processes that it left running
    """

    seconds: float
    peaks: Mapping[str, tuple[int, int, int]]
    children: int
    lines: tuple[str, ...]
    left: tuple[int, ...]


def dags(name: str, tasks: str, count: int) -> dict[str, str]:
    """Sources of that many DAG files, one DAG in each, all with the same tasks.

    :param name: begins the name of each
    :param tasks: the body of the DAG's function
    """
    body = textwrap.indent(tasks.lstrip(), "    ")
    return {each: DAG.format(name=each, tasks=body) for each in (f"{name}_{number}" for number in range(count))}


def run(words: str, dags: Mapping[str, str], *options: str) -> Ran:
    """Run pytest over DAG files.

    :param words: what they are, for the terminal
    :param dags: name of a file -> its source
    :param options: beside ``--dagguard``
    """
    with tempfile.TemporaryDirectory(prefix="dagguard-bench-") as folder:
        root = Path(folder)
        (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
        (root / "dags").mkdir()
        for name, source in dags.items():
            (root / "dags" / f"{name}.py").write_text(source)
        say(f"pytest --dagguard over {words} ...")
        mark = uuid.uuid4().hex
        began = time.perf_counter()
        with (root / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "pytest", "--dagguard", "-p", "no:cacheprovider", *options],
                cwd=root,
                env={**os.environ, MARK: mark},
                stdout=log,
                stderr=log,
            )
            peaks, children = _watch(process, mark)
        took = time.perf_counter() - began
        lines = tuple((root / "log").read_text().strip().splitlines())
    return Ran(took, peaks, children, lines, tuple(each.pid for each in _marked(mark)))


def _watch(process: subprocess.Popen[bytes], mark: str) -> tuple[dict[str, tuple[int, int, int]], int]:
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
    for each in _marked(mark):
        with contextlib.suppress(psutil.Error):
            command = " ".join(each.cmdline())
            for role, words in ROLES.items():
                # a fork has its parent's command line
                if words in command and (each.pid == director or each.ppid() == director):
                    yield role, each


def _marked(mark: str) -> Iterator[psutil.Process]:
    """The processes that have a mark in their environment."""
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if each.environ().get(MARK) == mark:
                yield each
