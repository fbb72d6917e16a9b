"""What the plugin costs those who have it installed and do not ask for it.

Other plugins are left out: some take seconds, in which ten milliseconds cannot be seen. As a plugin that is named makes
pytest look through all that is installed, which it does anyway for those who name none, an empty one is what to
compare with.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import median, ms, table

WAYS = {"an empty plugin": "empty_plugin", "dagguard, not asked for": "pytest_dagguard.plugin"}


def measure(rounds: int) -> None:
    """Print the table."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    with tempfile.TemporaryDirectory(prefix="dagguard-bench-") as folder:
        Path(folder, "test_one.py").write_text("def test_one(): pass\n")
        Path(folder, "empty_plugin.py").write_text("")
        for number in range(rounds + 1):
            for name, plugin in WAYS.items():
                once = _run(folder, plugin)
                if number:  # the first writes bytecode
                    found[name].append(once)
    rows = []
    without = next(iter(found.values()))
    for name, times in found.items():
        wall, busy = (median(each[i] for each in times) for i in (0, 1))
        # pairs were taken one right after the other, so that a busy machine is busy for both
        more = [median(one[i] - other[i] for one, other in zip(times, without, strict=True)) for i in (0, 1)]
        rows.append([name, ms(wall), ms(busy), *(ms(each) if times is not without else "" for each in more)])
    head = ["ms", "wall", "processor", "more wall", "more processor"]
    table(f"pytest on one empty test (medians of {rounds})", head, rows)


def _run(folder: str, plugin: str) -> tuple[float, float]:
    began = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", plugin]
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    alone.pop("PYTHONDONTWRITEBYTECODE", None)  # who installs a plugin has its bytecode
    process = subprocess.Popen(command, cwd=folder, env=alone, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        raise RuntimeError(f"{' '.join(command)} failed")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime
