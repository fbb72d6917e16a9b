"""Processor time of an attempt, of all processes together: unlike the time on the wall it hardly depends on others."""

from __future__ import annotations

import os
import time

from bench.attempts import attempt, laboratory
from bench.figures import median, ms, table
from bench.places import KINDS, REPOSITORY
from pytest_dagguard.engine.lab import Lab
from pytest_dagguard.engine.link import Link

IN_A_ROW = 10
"""Attempts between two looks at the clocks, which tick a hundred times a second."""

_TICK = 1.0 / os.sysconf("SC_CLK_TCK")
_UTIME, _STIME, _CUTIME, _CSTIME = range(11, 15)
"""Fields of ``/proc/PID/stat`` after the name, see proc(5); the last two are those of children that have ended."""
PARTS = ("director", "cloud", "stage, forking", "attempts, user", "attempts, kernel")


def measure(rounds: int) -> None:
    """Print the table."""
    rows = []
    with laboratory() as lab:
        for name, dag in KINDS.items():
            lab.load(REPOSITORY / "dags" / f"{dag}.py")
            for _ in range(40):  # until caches are full and pages are huge
                attempt(lab, dag)
            found = [_row(lab, dag) for _ in range(rounds)]
            totals = [sum(each) for each in found]
            parts = [median(each[i] for each in found) for i in range(len(PARTS))]
            rows.append([name, *map(ms, parts), ms(median(totals)), ms(min(totals)), f"{1 / median(totals):.1f}"])
    head = ["ms", *PARTS, "all", "best", "per second of a core"]
    table(f"Processor time of an attempt (medians of {rounds} times {IN_A_ROW})", head, rows)


def _row(lab: Lab, dag: str) -> list[float]:
    before = _clocks(lab)
    for _ in range(IN_A_ROW):
        attempt(lab, dag)
    time.sleep(0.1)  # the last one's end is still under way
    return [(now - then) / IN_A_ROW for then, now in zip(before, _clocks(lab), strict=True)]


def _clocks(lab: Lab) -> list[float]:
    assert isinstance(lab.stage, Link)
    mine, cloud, stage = (_clock(each) for each in (os.getpid(), lab.cloud.process.pid, lab.stage.process.pid))
    return [mine[0] + mine[1], cloud[0] + cloud[1], stage[0] + stage[1], stage[2], stage[3]]


def _clock(pid: int) -> list[float]:
    """Seconds in user mode and in the kernel, of a process and of its children that have ended."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return [int(fields[each]) * _TICK for each in (_UTIME, _STIME, _CUTIME, _CSTIME)]
