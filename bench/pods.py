"""An attempt that waits for a pod: processor time by process, which a busy machine does not change, and the clock's."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.attempts import attempt
from bench.figures import median, ms, say, table
from bench.places import REPOSITORY
from pytest_dagguard.engine.lab import Lab, Options
from pytest_dagguard.model.seed import Seed

PODS = {"pod": "pod_sync", "pod, deferred": "pod_deferred"}
"""What each kind is called -> its file, DAG; operators have their default arguments."""

_TICKS = os.sysconf("SC_CLK_TCK")
NOTES = (
    "attempt: by the clock. CPU: seconds of processor time of all that runs for it: the forks of the stage (themselves",
    "  and to fork them), the emulators, and this process.",
)


@dataclass(slots=True)
class Times:
    """Seconds by what was measured."""

    attempt: list[float] = field(default_factory=list)
    stage: list[float] = field(default_factory=list)
    cloud: list[float] = field(default_factory=list)
    here: list[float] = field(default_factory=list)


def measure(rounds: int) -> None:
    """Print the table."""
    images = {"bench/pod:1": "succeed"}
    lab = Lab(Options(REPOSITORY, (REPOSITORY / "dags",), Seed(), behaviours={"images": images}))
    found = {name: Times() for name in PODS}
    try:
        lab.start()
        say(f"{rounds} rounds of attempts with a pod ...")
        for dag in PODS.values():
            errors = lab.load(REPOSITORY / "dags" / f"{dag}.py").errors
            if errors:
                raise RuntimeError(f"{dag}: {errors[0].message}")
        for number in range(rounds + 2):
            for name, dag in PODS.items():
                row = _once(lab, dag)
                if number >= 2:  # the first fill caches
                    each = found[name]
                    for kept, value in zip((each.attempt, each.stage, each.cloud, each.here), row, strict=True):
                        kept.append(value)
    finally:
        lab.close()
    _show(found, rounds)


def _once(lab: Lab, dag: str) -> tuple[float, ...]:
    before, here = used(lab), time.process_time()
    took = attempt(lab, dag)
    return took, *(b - a for a, b in zip(before, used(lab), strict=True)), time.process_time() - here


def used(lab: Lab) -> tuple[float, float]:
    """Seconds of processor time of the stage, its ended forks included, and of the emulators."""
    return _seconds(lab.stage.process.pid), _seconds(lab.cloud.process.pid)  # type: ignore[union-attr]


def _seconds(pid: int) -> float:
    """Processor time of a process and of its children that have ended (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


def _show(found: dict[str, Times], rounds: int) -> None:
    rows = []
    for name, each in found.items():
        mean = [sum(kept) / len(kept) for kept in (each.stage, each.cloud, each.here)]
        rows.append([name, ms(median(each.attempt)), ms(min(each.attempt)), *map(ms, mean), ms(sum(mean))])
    head = ["ms", "attempt", "best", "CPU: attempt", "emulators", "director", "in all"]
    table(f"Attempts that wait for a pod (medians and means of {rounds} rounds)", head, rows, NOTES)
