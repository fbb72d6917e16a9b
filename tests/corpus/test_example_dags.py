"""The example DAGs that ship inside the installed Airflow and its providers: real input, written by others.

Each of their tasks ends in pass, fail, warn, or an inconclusive whose kind has been read and found true; nothing hangs
and nothing stays behind. Each fail is in the table below, with what is wrong with the example.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import psutil
import pytest

MARK = "CORPUS_RUN"
"""A variable by which the processes of a run are known."""
OURS = ("PYTEST_", "DAGGUARD_", "AIRFLOW")
"""Variables that would change the run."""
BUDGET = "20s"
LONGEST_RUN = 45 * 60.0
"""Seconds for all examples of one package, on a busy machine."""
LONGEST_ITEM = 180.0

KINDS = (
    "need *",
    "lack *",
    "deferrable",
    "waiting sensor",
    "human input",
    "sleep",
    "wait",
    "mapped within mapped groups",
    "fail in a clean run",
    "run after a failure",
)
"""What may keep a task from a verdict, as the summary counts it."""

RANDOM = ("*.branching*", "*branch_task*")
"""Tasks that choose by ``random.choice``: whether that shows in a few runs is chance."""

FAILS = {
    "example_asset_state_store_producer.load": "counts its runs in the asset state store, and a rerun counts again",
    "example_weekday_branch_operator.make_choice": "branches by today's weekday instead of the logical date's",
    "example_external_task.trigger_child_task": "with reset_dag_run a retry clears the child run that still runs",
    "example_trigger_controller_dag.test_trigger_dagrun": "each run triggers another child run, named by the clock",
}
"""Task -> why it is right that it fails."""


def _sources() -> dict[str, Path]:
    """Package -> its folder of example DAGs, looked for without importing Airflow."""
    spec = importlib.util.find_spec("airflow")
    roots = [Path(each) for each in (spec.submodule_search_locations or ())] if spec else []
    found = {}
    for root in roots:
        for folder in sorted(root.rglob("example_dags")):
            if any(folder.glob("*.py")):
                found[".".join(folder.relative_to(root.parent).parts[:-1])] = folder
    return found


SOURCES = _sources()


def test_airflow_ships_examples() -> None:
    assert {"airflow", "airflow.providers.standard"} <= SOURCES.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_every_task_comes_to_a_true_verdict(name: str, tmp_path: Path) -> None:
    report, seconds = _run(SOURCES[name], tmp_path)
    items = report["items"]
    assert items
    assert seconds < LONGEST_RUN
    assert {each["verdict"] for each in items} <= {"pass", "fail", "warn", "inconclusive"}
    assert [each["id"] for each in items if each["seconds"] > LONGEST_ITEM] == []
    assert _unread(items) == {}
    assert _undefended(items) == {}


def test_a_reason_of_an_unread_kind_is_told() -> None:
    item = {"verdict": "inconclusive", "id": "x", "group": "emulator defect", "reason": "the s3 emulator failed"}
    assert _unread([item]) == {"x": "emulator defect: the s3 emulator failed"}
    assert _unread([{**item, "group": "need Glue"}]) == {}
    assert _unread([{**item, "reason": ""}]) != {}


def test_a_process_of_the_run_is_seen_and_one_of_another_is_not() -> None:
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, env={**os.environ, MARK: "this run"}, stdin=subprocess.PIPE) as process:
        assert len(_left("this run")) == 1
        assert _left("another") == []
        process.communicate(b"\n")
    assert _left("this run") == []


def _run(source: Path, folder: Path) -> tuple[dict[str, Any], float]:
    """Run the tool over a copy of a folder of DAGs; nothing of the run may be left afterwards."""
    repository, scratch, mark = folder / "repository", folder / "scratch", uuid.uuid4().hex
    shutil.copytree(source, repository / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    (repository / "pyproject.toml").write_text("[tool.dagguard]\n")
    scratch.mkdir()
    report = folder / "report.json"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--dagguard",
        "--dagguard-budget",
        BUDGET,
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    environment = {**kept, MARK: mark, "TMPDIR": str(scratch)}
    began = time.monotonic()
    ran = subprocess.run(
        [*command, "--dagguard-report", f"json:{report}"],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONGEST_RUN,
        check=False,
    )
    seconds = time.monotonic() - began
    assert ran.returncode in (0, 1), ran.stdout[-4000:] + ran.stderr[-4000:]
    assert _left(mark) == []
    assert [each.name for each in scratch.iterdir() if each.name.startswith("dagguard")] == []
    written = {
        path.relative_to(repository).parts[0] for path in repository.rglob("*") if "__pycache__" not in path.parts
    }
    assert written == {"dags", "pyproject.toml"}
    found: dict[str, Any] = json.loads(report.read_text())
    return found, seconds


def _left(mark: str) -> list[str]:
    """Processes that were started by the run and still run."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def _unread(items: list[dict[str, Any]]) -> dict[str, str]:
    """Inconclusive items whose reason is missing, or of a kind that nobody has read."""
    return {
        each["id"]: f"{each['group']}: {each['reason']}"
        for each in items
        if each["verdict"] == "inconclusive"
        and not (each["reason"] and any(fnmatch(each["group"] or "", kind) for kind in KINDS))
        and not (each["group"] in ("do not repeat", "unstable", "diverged") and _is_random(each))
    }


def _undefended(items: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Items that fail, and whose task is not in the table."""
    return {
        each["id"]: [f"{finding['class']}: {finding['message']}" for finding in each["findings"]]
        for each in items
        if each["verdict"] == "fail" and _task(each) not in FAILS and not _is_random(each)
    }


def _is_random(item: dict[str, Any]) -> bool:
    return any(fnmatch(_task(item), each) for each in RANDOM)


def _task(item: dict[str, Any]) -> str:
    return f"{item['dag_id']}.{item['task_id']}"
