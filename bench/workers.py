"""How much faster two processes load the files that they share than one alone.

Run in processes of their own: ``python -m bench.workers ROOT EXCHANGE``. One process has its cloud, its stage and its
children beside it and so keeps more than one core busy; what two can gain over it is what it leaves idle. That they
share the work without doing any of it twice shows beside one that is held to a single core. Where other work is on the
machine, the wall time says little; the processor time of the busier of the two says what is left to do for each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import generated
from bench.figures import table, times
from bench.places import HERE
from bench.rules import of_lab, own
from pytest_dagguard.engine.check import Terms
from pytest_dagguard.engine.exchange import Exchange
from pytest_dagguard.engine.lab import Options
from pytest_dagguard.engine.session import Session
from pytest_dagguard.model.seed import Seed


def measure(files: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="dagguard-bench-") as folder:
        root = Path(folder, "repository")
        generated.make(root, files)
        rows = []
        alone: dict[str, float] = {}
        for count, cores in ((1, 1), (1, 2), (2, 2)):
            exchange = Path(folder, f"exchange-{count}-{cores}")
            exchange.mkdir()
            found = _together(root, exchange, count, cores)
            each = {name: max(one[name] for one in found) for name in ("wall", "processor")}
            alone = alone or each
            shares = " + ".join(f"{one['files']:.0f}" for one in found)
            load = f"{os.getloadavg()[0]:.1f}"
            cells = [(f"{each[name]:.1f}", times(each[name], alone[name])) for name in ("wall", "processor")]
            rows.append([str(count), str(cores), shares, *cells[0], *cells[1], load])
    head = ["processes", "cores", "files each", "wall s", "", "processor s of the busier", "", "load"]
    table(f"Loading {files} generated DAG files, Airflow and providers imported before", head, rows)


def _together(root: Path, exchange: Path, count: int, cores: int) -> list[dict[str, float]]:
    held = ["taskset", "-c", ",".join(str(each) for each in sorted(os.sched_getaffinity(0))[:cores])]
    command = [sys.executable, "-m", "bench.workers", str(root), str(exchange)]
    running = [
        subprocess.Popen([*held, *command], cwd=HERE.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    for each in running:
        assert each.stdout is not None
        each.stdout.readline()  # it is ready
    for each in running:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    found: list[dict[str, Any]] = [json.loads(each.communicate()[0]) for each in running]
    return found


def _main(root: Path, folder: Path) -> None:
    dags = root / "dags"
    paths = sorted(dags.glob("*.py"))
    session = Session(Options(root, (dags,), Seed(), paths=(str(root),)), Terms(root), {}, "")
    try:
        for path in paths[: len(generated.KINDS)]:
            session.lab.load(path)
        session.exchange = Exchange(folder, 600.0)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        wall, processor = time.perf_counter(), own() + of_lab(session.lab)
        session.share(paths)
        loaded = len(session.hygiene.files)
        for path in paths:
            session.load(path)
        figures = {
            "wall": time.perf_counter() - wall,
            "processor": own() + of_lab(session.lab) - processor,
            "files": loaded,
        }
    finally:
        session.close()
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]))
