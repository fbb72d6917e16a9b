"""Runs pytest as a user would: in a process of its own, in a copy of an example."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_OURS = ("PYTEST_", "DAGGUARD_", "AIRFLOW", "COV_", "COLUMNS")
"""What would change the run: options of the outer pytest, settings of the tool."""


def copied(folder: Path, tmp_path: Path) -> Path:
    """A copy of an example, so that nothing is written into the repository."""
    return Path(
        shutil.copytree(folder, tmp_path / folder.name, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    )


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it in a folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=1200)
