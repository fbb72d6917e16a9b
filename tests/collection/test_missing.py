"""What a run lacked: found in errors, reasons and sources, told once, and written where ``--dagguard-init`` is asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_dagguard.collection import missing, skeleton

SOURCE = """
import os
import json, acme.db
from airflow.sdk import DAG
from beta.core import thing
from helpers import x
try:
    import optional_thing
except ImportError:
    optional_thing = None
HOST = os.environ["ACME_HOST"]
os.environ["SET_HERE"] = "x"
OTHER = os.environ["KNOWN"]
"""


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("ModuleNotFoundError: No module named 'acme.db'", "module acme.db"),
        ("AirflowRuntimeError: VARIABLE_NOT_FOUND: {'message': 'Variable region not found'}", "variable region"),
        ("there is no Variable 'region'; add it to x", "variable region"),
        ("The conn_id `warehouse` isn't defined", "connection warehouse"),
        ("KeyError: 'ACME_HOST'", "environment ACME_HOST"),
        ("s3://raw/a/b.csv is not there; put it at x", "object s3://raw/a/b.csv"),
    ],
)
def test_what_an_error_says_is_missing(text: str, note: str) -> None:
    assert missing.of_text(text) == [f"missing: {note}"]


@pytest.mark.parametrize("text", ["", "KeyError: 'rows'", "the clean run fails: ValueError: no"])
def test_what_is_nothing_that_could_be_put_anywhere(text: str) -> None:
    assert missing.of_text(text) == []


def test_a_file_is_looked_through_for_all_that_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "helpers.py").touch()
    path = tmp_path / "d.py"
    path.write_text(SOURCE)
    found = missing.of_source(path, [str(tmp_path)], {"KNOWN"})
    assert found == ["missing: module acme", "missing: module beta", "missing: environment ACME_HOST"]


NOTES = [
    "missing: module acme.db",
    "missing: module acme",
    "missing: variable region",
    "missing: connection warehouse",
    "missing: environment ACME_HOST",
    "missing: object s3://raw/a/b.csv",
    "another note",
]


def test_each_is_told_once_with_its_place() -> None:
    lines = missing.told(missing.collect(NOTES), "tests/dagguard")
    assert len(lines) == 6
    assert "missing modules: acme; install" in "\n".join(lines)
    assert "tests/dagguard/variables.json" in "\n".join(lines)
    assert "--dagguard-init" in lines[-1]
    assert missing.told({}, "x") == []


def test_the_skeleton_has_all_of_it_and_leaves_what_is_there(tmp_path: Path) -> None:
    seed = tmp_path / "tests" / "dagguard"
    seed.mkdir(parents=True)
    (seed / "variables.json").write_text('{"kept": 1}')
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    skeleton.write(missing.collect(NOTES), tmp_path, seed)
    assert json.loads((seed / "variables.json").read_text()) == {"kept": 1, "region": "TODO"}
    assert json.loads((seed / "connections.json").read_text()) == {"warehouse": {"conn_type": "TODO"}}
    assert (seed / "s3" / "raw" / "a").is_dir()
    text = (tmp_path / "pyproject.toml").read_text()
    assert text.startswith('[project]\nname = "x"\n\n[tool.dagguard]\nseed = "tests/dagguard"\n')
    assert 'stubs = ["acme"]' in text
    assert 'ACME_HOST = "TODO"' in text
    again = skeleton.write(missing.collect(NOTES), tmp_path, seed)
    assert (tmp_path / "pyproject.toml").read_text() == text
    assert any("add to pyproject.toml" in each for each in again)


def test_a_seed_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "variables.json").write_text("{")
    with pytest.raises(skeleton.DagguardError, match="--dagguard-init"):
        skeleton.write({"variable": ["x"]}, tmp_path, tmp_path)


DAG = """
import acme.db
from airflow.sdk import dag, task, Variable
REGION = Variable.get("region")
@dag(schedule=None)
def d():
    @task
    def t(): ...
    t()
d()
"""
TASKS = """
from airflow.sdk import dag, task, Variable
@dag(schedule=None)
def e():
    @task
    def t(): return Variable.get("key")
    t()
e()
"""


@pytest.mark.slow
def test_a_repository_gets_what_it_lacks_and_loads_after_that(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "d.py").write_text(DAG)
    (tmp_path / "dags" / "e.py").write_text(TASKS)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--dagguard",
        "-p",
        "no:cacheprovider",
        "--dagguard-scenarios=twice",
        "-v",
    ]
    said = ""
    for _ in range(2):
        said = subprocess.run([*command, "--dagguard-init"], cwd=tmp_path, capture_output=True, text=True).stdout
    assert "missing Variables: region; put them into tests/dagguard/variables.json" in said
    assert json.loads((tmp_path / "tests/dagguard/variables.json").read_text()) == {"key": "TODO", "region": "TODO"}
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout
    assert "dags/d.py::d.t::twice PASSED" in said
    assert "dags/e.py::e.t::twice PASSED" in said
    assert "stood in for what is missing or has moved: stub acme, stub acme.db" in said
    assert "\nmissing " not in said
