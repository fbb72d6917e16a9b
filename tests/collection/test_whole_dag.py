"""A repository in which DAGs are made of all that there is: what each task comes to."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RUN = [
    "choose",
    "left",
    "right",
    "join",
    "after_all",
    "goes_on",
    "shell",
    "stops",
    "never",
    "names",
    "each",
    "total",
    "literal",
    "open_it",
    "use_it",
    "close_it",
    "elsewhere",
    "there",
    "parameters",
    "group.first",
    "group.second",
    "group__1.first",
    "group__1.second",
    "bash",
]
OPEN = {
    "in_a_virtualenv": "connects to pypi.org:443",
}


@pytest.mark.slow
def test_each_task_of_a_dag_is_run_or_its_reason_named(tmp_path: Path) -> None:
    root = tmp_path / "whole"
    shutil.copytree(Path(__file__).with_name("whole"), root)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DAGGUARD_"))}
    options = ["--dagguard", "--dagguard-only=scenarios", "--dagguard-scenarios=twice", "-v", "-rs"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-p", "no:cacheprovider"],
        cwd=root,
        env={**inherited, "COLUMNS": "400", "GITHUB_ACTIONS": "", "CI": "1"},
        capture_output=True,
        text=True,
        timeout=900,
    )
    found = dict(re.findall(r"^dags/\w+\.py::(\S+)::twice (PASSED|FAILED|SKIPPED)", done.stdout, re.MULTILINE))
    expected = {f"whole.{each}": "PASSED" for each in RUN} | {f"whole.{each}": "SKIPPED" for each in OPEN}
    assert found == {**expected, "timed.on_workdays": "PASSED"}, done.stdout[-5000:]
    for reason in OPEN.values():
        assert reason in done.stdout
