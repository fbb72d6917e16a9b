"""What a run lacked: found in errors, reasons and sources, told once, and written where ``--dagguard-init`` is asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_dagguard.collection import missing, skeleton
from pytest_dagguard.collection.imports import Imports
from pytest_dagguard.model.dag import DagFile, LoadError


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("ModuleNotFoundError: No module named 'acme.db'", "module acme.db"),
        ("AirflowRuntimeError: VARIABLE_NOT_FOUND: {'message': 'Variable region not found'}", "variable region"),
        ("AirflowRuntimeError: VARIABLE_NOT_FOUND: {'key': 'region'}", "variable region"),
        ("KeyError: 'Variable region does not exist'", "variable region"),
        ("there is no Variable 'region'; add it to x", "variable region"),
        ("The conn_id `warehouse` isn't defined", "connection warehouse"),
        ("there is no parameter '/db/url' in SSM; add it to x", "parameter /db/url"),
        ("there is no table 'orders' in DynamoDB; add it", "table orders"),
        ("there is no secret 'prod/db'; add it to x", "secret prod/db"),
        ("KeyError: 'ACME_HOST'", "environment ACME_HOST"),
        ("s3://raw/a/b.csv is not there; put it at x", "object s3://raw/a/b.csv"),
        ("ModuleNotFoundError: No module named 'airflow.providers.ssh'", "module airflow.providers.ssh"),
        ("ModuleNotFoundError: No module named 'airflow.contrib'", "moved airflow.contrib"),
        ("ImportError: cannot import name 'x' from 'airflow.models' (a.py)", "moved airflow.models"),
        ("TypeError: DAG.__init__() got an unexpected keyword argument 'schedule_interval'", "moved schedule_interval"),
    ],
)
def test_what_an_error_says_is_missing(text: str, note: str) -> None:
    assert missing.of_text(text) == [f"missing: {note}"]


@pytest.mark.parametrize("text", ["", "KeyError: 'rows'", "the clean run fails: ValueError: no"])
def test_what_is_nothing_that_could_be_put_anywhere(text: str) -> None:
    assert missing.of_text(text) == []


def test_a_file_that_does_not_load_is_looked_through_for_all_that_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "shared.py").touch()
    path = tmp_path / "d.py"
    path.write_text("import os, json, acme.db, shared\nA, B = os.environ['A'], os.environ['B']\n")
    errors = (LoadError("missing-module", "ModuleNotFoundError: No module named 'shared'", 1),)
    found = missing.of_load(
        DagFile(str(path), errors=errors), Imports(tmp_path, [str(tmp_path)]), {"missing: environment B"}
    )
    assert found == ("missing: path lib", "missing: module acme", "missing: environment A")
    assert missing.of_load(DagFile(str(path), errors=(LoadError("syntax", "x"),)), Imports(tmp_path, []), ()) == ()


NOTES = [
    "missing: module acme.db",
    "missing: module acme",
    "missing: variable region",
    "missing: connection warehouse",
    "missing: environment ACME_HOST",
    "missing: object s3://raw/a/b.csv",
    "missing: module airflow.providers.ssh",
    "missing: path lib",
    "missing: moved schedule_interval",
    "missing: parameter /db/url",
    "missing: secret prod/db",
    "missing: table orders",
    "another note",
]


WRITTEN = """\
[project]
name = "x"

[tool.dagguard]
dags = ["pipelines"]
seed = "tests/dagguard"
paths = ["lib"]
stubs = ["acme", "airflow.providers.ssh"]

[tool.dagguard.aliases]
airflow-2 = true

[tool.dagguard.env]
ACME_HOST = "TODO"
"""


def test_each_is_told_once_with_its_place() -> None:
    lines = missing.told(missing.collect(NOTES), "tests/dagguard")
    assert len(lines) == 11
    assert "missing modules: acme, airflow.providers.ssh; install" in "\n".join(lines)
    assert "tests/dagguard/variables.json" in "\n".join(lines)
    assert "--dagguard-init" in lines[-1]
    assert missing.told({}, "x") == []


def test_the_skeleton_has_all_of_it_and_leaves_what_is_there(tmp_path: Path) -> None:
    seed = tmp_path / "tests" / "dagguard"
    seed.mkdir(parents=True)
    (seed / "variables.json").write_text('{"kept": 1}')
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    skeleton.write(missing.collect(NOTES), tmp_path, seed, ["pipelines"])
    assert json.loads((seed / "variables.json").read_text()) == {"kept": 1, "region": "TODO"}
    assert json.loads((seed / "connections.json").read_text()) == {"warehouse": {"conn_type": "TODO"}}
    assert json.loads((seed / "ssm.json").read_text()) == {"/db/url": "TODO"}
    assert json.loads((seed / "secretsmanager.json").read_text()) == {"prod/db": "TODO"}
    assert json.loads((seed / "dynamodb.json").read_text()) == {"orders": {"key": "TODO", "items": []}}
    assert (seed / "s3" / "raw" / "a").is_dir()
    text = (tmp_path / "pyproject.toml").read_text()
    assert text == WRITTEN
    again = skeleton.write(missing.collect(NOTES), tmp_path, seed, ["pipelines"])
    assert (tmp_path / "pyproject.toml").read_text() == text
    assert again == ["made the folder for s3://raw/a/b.csv: put the object there"]


def test_lines_are_added_to_the_table_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[tool.dagguard]\ndags = ["."]  # all of it\nstubs = ["old"]\n\n[tool.other]\nx = 1\n')
    assert "wrote paths, stubs" in skeleton.write({"module": ["acme"], "path": [".."]}, tmp_path, tmp_path / "s")[0]
    assert path.read_text() == (
        '[tool.dagguard]\ndags = ["."]  # all of it\nstubs = ["old", "acme"]\npaths = [".."]\n\n[tool.other]\nx = 1\n'
    )


def test_a_line_that_cannot_be_added_without_harm_is_told(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[tool.dagguard]\nstubs = [\n  "old",\n]\n')
    assert skeleton.write({"module": ["acme"]}, tmp_path, tmp_path / "s") == [
        'add to pyproject.toml, [tool.dagguard]: stubs = ["acme"]'
    ]
    assert path.read_text() == '[tool.dagguard]\nstubs = [\n  "old",\n]\n'


def test_a_seed_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "variables.json").write_text("{")
    with pytest.raises(skeleton.DagguardError, match="--dagguard-init"):
        skeleton.write({"variable": ["x"]}, tmp_path, tmp_path)


DAG = """
import acme.db
from airflow.operators.bash_operator import BashOperator
from airflow.sdk import dag, task, Variable
from pipelines.lib import regions
REGION = Variable.get(regions.NAME)
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
    root = tmp_path / "pipelines"
    for name, text in {"daily/d.py": DAG, "daily/e.py": TASKS, "lib/regions.py": "NAME = 'region'"}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
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
    for _ in range(3):
        said = subprocess.run([*command, "--dagguard-init", "daily"], cwd=root, capture_output=True, text=True).stdout
    assert "missing Variables: region; put them into tests/dagguard/variables.json" in said
    assert json.loads((root / "tests/dagguard/variables.json").read_text()) == {"key": "TODO", "region": "TODO"}
    said = subprocess.run(command, cwd=root, capture_output=True, text=True).stdout
    assert "daily/d.py::d.t::twice PASSED" in said
    assert "daily/e.py::e.t::twice PASSED" in said
    assert "stood in for what is missing or has moved: alias airflow.operators.bash_operator ->" in said
    assert "\nmissing " not in said


def test_what_is_for_airflow_3_no_alias_of_old_names_helps(tmp_path: Path) -> None:
    notes = [f"missing: moved {name}" for name in ("airflow.sdk", "airflow.sdk.bases.sensor")]
    skeleton.write(missing.collect(notes), tmp_path, tmp_path / "seed")
    assert "airflow-2" not in (tmp_path / "pyproject.toml").read_text()
