"""Two runs one after the other: the second one loads nothing and says the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DAG = """
from airflow.sdk import DAG, Variable, task
{top}
with DAG("{name}", schedule=None):
    @task
    def t(): return 1
    t()
"""


def run(root: Path, *more: str, **environment: str) -> tuple[bool, list[dict[str, Any]]]:
    """Whether Airflow was started, and the items."""
    report = root / "report.json"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--dagguard",
        "--dagguard-only=rules",
        f"--dagguard-report=json:{report}",
    ]
    ran = subprocess.run(
        [*command, *more], cwd=root, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    items = json.loads(report.read_text())["items"]
    for each in items:
        each["seconds"] = 0
    return "; Airflow " in ran.stdout, items


@pytest.mark.slow
def test_a_second_run_loads_what_has_changed_and_nothing_else(tmp_path: Path) -> None:
    dags = tmp_path / "dags"
    dags.mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.dagguard]\n")
    for name in ("a", "b"):
        (dags / f"{name}.py").write_text(DAG.format(name=name, top='Variable.get("region", default=1)'))
    started, first = run(tmp_path)
    assert started
    assert {each["check"] for each in first} == {"rules", "parse-time-lookup"}
    assert run(tmp_path) == (False, first)
    assert run(tmp_path, "-n1")[1] == first
    assert run(tmp_path, "--dagguard-no-cache") == (True, first)
    assert run(tmp_path, "-pno:cacheprovider") == (True, first)
    assert run(tmp_path, DAGGUARD_NO_CACHE="true") == (True, first)
    (dags / "b.py").write_text(DAG.format(name="b", top=""))
    _, other = run(tmp_path)
    assert [each["file"] for each in other if each["check"] == "parse-time-lookup"] == ["dags/a.py"]
    (dags / "b.py").unlink()
    assert {each["file"] for each in run(tmp_path)[1]} == {None, "dags/a.py"}


@pytest.mark.slow
def test_workers_share_what_they_load_also_where_it_differs_each_time(tmp_path: Path) -> None:
    dags = tmp_path / "dags"
    dags.mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.dagguard]\n")
    top = "import os, uuid\nopen(os.path.join({!r}, str(uuid.uuid4())), 'w').close()\nDAG_ID = str(uuid.uuid4())"
    loads = tmp_path / "loads"
    loads.mkdir()
    for name in ("a", "b", "c", "d"):
        source = DAG.format(name=name, top=top.format(str(loads))).replace(f'DAG("{name}"', "DAG(DAG_ID")
        (dags / f"{name}.py").write_text(source)
    _, items = run(tmp_path, "-n2")
    assert {each["file"] for each in items} == {None, *(f"dags/{name}.py" for name in ("a", "b", "c", "d"))}
    assert len(list(loads.iterdir())) == 4, "each was loaded once"
