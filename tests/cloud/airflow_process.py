"""Airflow's own Execution API, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

REFERENCE = Path(__file__).with_name("airflow_reference.py")
NEWEST = {"3.0": "2025-08-10", "3.1": "2025-11-05", "3.2": "2026-04-06", "3.3": "2026-06-30"}
"""The version of the API that each Airflow's own clients speak."""

LATEST = NEWEST[".".join(metadata.version("apache-airflow").split(".")[:2])]
OLDER = tuple(
    each
    for each in ("2026-04-06", "2025-11-05", "2025-10-27", "2025-09-23", "2025-05-20", "2025-04-28")
    if each < LATEST
)


def asked(question: Any, folder: Path) -> Any:
    """What ``airflow_reference.py`` answers.

    :param question: a list of steps, or ``"routes"``
    :param folder: where Airflow may leave its files
    """
    finished = subprocess.run(
        [sys.executable, str(REFERENCE)],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=300,
    )
    assert finished.returncode == 0, finished.stderr[-4000:]
    return json.loads(finished.stdout.splitlines()[-1])
