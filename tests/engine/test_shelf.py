"""Kept loads: what must be as it was for a load to hold, and which loads are not kept. A stale one would be a lie."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from laboratory import Laboratory
from older import here
from pytest_dagguard.engine import shelf as shelves
from pytest_dagguard.engine.lab import Options
from pytest_dagguard.engine.shelf import Shelf
from pytest_dagguard.model.dag import DagFile
from pytest_dagguard.model.seed import Seed

HEAD = here("import os\nfrom pathlib import Path\nfrom airflow.sdk import DAG, task\n")
DAG = """
with DAG("d", schedule=None):
    @task
    def t(): return 1
    t()
"""
HERE = "Path(__file__).parent"


def source(top: str) -> str:
    return f"{HEAD}{top}\n{DAG}"


class Runs:
    """The same repository in one run after the other."""

    def __init__(self, lab: Laboratory, folder: Path) -> None:
        self.lab, self.folder = lab, folder
        self.options: Options = replace(lab.lab.options, paths=tuple(map(str, lab.lab.options.dags)))
        self.environ: Mapping[str, str] = dict(os.environ)

    def shelf(self) -> Shelf:
        return Shelf(self.folder, self.options, self.environ)

    def keep(self, path: Path) -> tuple[DagFile, str]:
        loaded = self.lab.load(path)
        return loaded, self.shelf().keep(loaded, self.lab.lab.volatile)

    def kept(self, path: Path) -> DagFile:
        loaded, why = self.keep(path)
        assert why == ""
        assert self.shelf().find(path) == loaded, "it holds as long as nothing changes"
        return loaded


@pytest.fixture
def runs(lab: Laboratory, tmp_path: Path) -> Runs:
    return Runs(lab, tmp_path / "loads")


def test_a_kept_load_is_the_load(lab: Laboratory, runs: Runs) -> None:
    path = lab.write(
        """
        from datetime import datetime, timedelta
        from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
        from airflow.sdk import DAG, Asset, Variable, task
        Variable.get("region", "x")
        with DAG("d", schedule="@daily", start_date=datetime(2024, 1, 1), default_args={"retries": 2}):
            @task
            def names(): return ["a"]
            @task(outlets=[Asset("s3://b/k")])
            def each(name, more={"\\0xcom": [1]}): ...
            each.expand(name=names()) >> GlueJobOperator(task_id="g", job_name=names(), create_job_kwargs={"x": object()})
        """
    )
    loaded = runs.kept(path)
    found = runs.shelf().find(path)
    assert found is not None
    assert [each.kind for each in found.events] == ["variable"]
    assert found.dags[0].tasks == loaded.dags[0].tasks
    assert [(each.arguments, each.defaults, each.settings) for each in found.dags[0].tasks] == [
        (each.arguments, each.defaults, each.settings) for each in loaded.dags[0].tasks
    ]


def write(name: str, text: str) -> Callable[[Path], None]:
    def change(dags: Path) -> None:
        (dags / name).parent.mkdir(exist_ok=True)
        (dags / name).write_text(text)

    return change


def remove(name: str) -> Callable[[Path], None]:
    return lambda dags: (dags / name).unlink()


CHANGES = {
    "a module that it imports": ("import shelf_a", {"shelf_a.py": "N = 1"}, write("shelf_a.py", "N = 2")),
    "a module of a module": (
        "import shelf_b",
        {"shelf_b.py": "import shelf_c", "shelf_c.py": "N = 1"},
        write("shelf_c.py", "N = 2"),
    ),
    "a module that is imported by its name as text": (
        "import importlib; importlib.import_module('shelf_d')",
        {"shelf_d.py": "N = 1"},
        write("shelf_d.py", "N = 2"),
    ),
    "a package of the same name as a module": (
        "import shelf_e",
        {"shelf_e.py": "N = 1"},
        write("shelf_e/__init__.py", "N = 2"),
    ),
    "a module that was not there": (
        "try:\n    import shelf_f\nexcept ImportError:\n    pass",
        {},
        write("shelf_f.py", "N = 2"),
    ),
    "a file that it reads": (f"({HERE} / 'shelf.yaml').read_text()", {"shelf.yaml": "1"}, write("shelf.yaml", "2")),
    "a file that it reads and that is gone": (
        f"({HERE} / 'shelf_g.yaml').read_text()",
        {"shelf_g.yaml": "1"},
        remove("shelf_g.yaml"),
    ),
    "a file that it looked for": (f"({HERE} / 'shelf_h.yaml').exists()", {}, write("shelf_h.yaml", "1")),
    "a file that it looked for, in another way": (
        f"os.path.isfile({HERE} / 'shelf_i.yaml')",
        {},
        write("shelf_i.yaml", "1"),
    ),
    "a file that it could not open": (
        f"try:\n    open({HERE} / 'shelf_j.yaml')\nexcept OSError:\n    pass",
        {},
        write("shelf_j.yaml", "1"),
    ),
    "a file that was added to a folder that it lists": (
        f"list(({HERE} / 'shelf_k').glob('*.sql'))",
        {"shelf_k/a.sql": "1"},
        write("shelf_k/b.sql", "2"),
    ),
    "a file that was deleted from a folder that it lists": (
        f"os.listdir({HERE} / 'shelf_l')",
        {"shelf_l/a.sql": "1", "shelf_l/b.sql": "1"},
        remove("shelf_l/b.sql"),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_load_does_not_hold_after_a_change_of(name: str, lab: Laboratory, runs: Runs) -> None:
    top, files, change = CHANGES[name]
    for file, text in files.items():
        lab.write(text, file)
    path = lab.write(source(top))
    runs.kept(path)
    change(lab.dags)
    assert runs.shelf().find(path) is None


def test_a_load_does_not_hold_after_a_change_of_the_file_itself(lab: Laboratory, runs: Runs) -> None:
    path = lab.write(source(""))
    runs.kept(path)
    path.write_text(path.read_text().replace("return 1", "return 2"))
    assert runs.shelf().find(path) is None
    path.unlink()
    assert runs.shelf().find(path) is None


def test_a_load_does_not_hold_after_a_change_of_a_variable_of_the_environment(lab: Laboratory, runs: Runs) -> None:
    path = lab.write(source('os.environ.get("STAGE_OF_THE_SHELF")'))
    runs.kept(path)
    runs.environ = {**runs.environ, "ANOTHER_VARIABLE": "x"}
    assert runs.shelf().find(path) is not None, "nobody read that one"
    runs.environ = {**runs.environ, "STAGE_OF_THE_SHELF": "test"}
    assert runs.shelf().find(path) is None


CIRCUMSTANCES: dict[str, Callable[[Options], Options]] = {
    "a Variable": lambda options: replace(options, seed=Seed(variables={"region": "eu"})),
    "a connection": lambda options: replace(options, seed=Seed(connections={"aws_default": {"conn_type": "aws"}})),
    "env in pyproject.toml": lambda options: replace(options, environment={"STAGE": "test"}),
    "paths in pyproject.toml": lambda options: replace(options, paths=("/elsewhere", *options.paths)),
    "dags in pyproject.toml": lambda options: replace(options, dags=(options.root,)),
    "the logical date": lambda options: replace(options, logical_date="2025-01-01T00:00:00Z"),
}


@pytest.mark.parametrize("name", CIRCUMSTANCES)
def test_no_load_holds_after_a_change_of(name: str, lab: Laboratory, runs: Runs) -> None:
    path = lab.write(source(""))
    runs.kept(path)
    assert runs.shelf().serves()
    runs.options = CIRCUMSTANCES[name](runs.options)
    assert runs.shelf().find(path) is None
    assert not runs.shelf().serves()


def test_no_load_holds_after_another_version_of_a_package_was_installed(
    lab: Laboratory, runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "site" / "acme-1.0.dist-info"
    installed.mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "site")
    path = lab.write(source(""))
    runs.kept(path)
    installed.rename(tmp_path / "site" / "acme-1.1.dist-info")
    assert runs.shelf().find(path) is None


def test_no_load_holds_under_another_python_airflow_setting_or_day(
    lab: Laboratory, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lab.write(source(""))
    runs.kept(path)
    with monkeypatch.context() as patch:
        patch.setattr(shelves.sys, "version", "3.99")  # type: ignore[attr-defined]
        assert runs.shelf().find(path) is None
    with monkeypatch.context() as patch:
        patch.setattr(shelves, "today", lambda: "2001-01-01")
        assert runs.shelf().find(path) is None
    assert runs.shelf().find(path) is not None
    runs.environ = {**runs.environ, "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE": "True"}
    assert runs.shelf().find(path) is None


def test_a_load_holds_where_a_change_does_not_touch_it(lab: Laboratory, runs: Runs) -> None:
    lab.write("N = 1", "shelf_m.py")
    path = lab.write(source(f"import shelf_m\n{HERE}.resolve()"))
    runs.kept(path)
    lab.write(source(""), "another_dag.py")
    os.utime(path)
    os.utime(lab.dags / "shelf_m.py")
    assert runs.shelf().find(path) is not None


NOT_KEPT = {
    "the load starts a program": "import subprocess; subprocess.run(['true'])",
    "the load uses the network": "import socket\ntry:\n    socket.create_connection(('example.com', 80))\n"
    "except OSError:\n    pass",
    "the load writes files": f"({HERE} / 'left.txt').write_text('x')",
    "the load reads all environment variables": "dict(os.environ)",
    "the load asks for the machine's name": 'os.environ.get("HOSTNAME")',
    "it does not load": "raise ValueError('no')",
    "it holds what is new in each run": "HOME = os.path.expanduser('~')\nother = DAG('other', tags=[HOME], schedule=None)",
}


@pytest.mark.parametrize("why", NOT_KEPT)
def test_a_load_is_not_kept_where(why: str, lab: Laboratory, runs: Runs) -> None:
    path = lab.write(source(NOT_KEPT[why]))
    _, said = runs.keep(path)
    assert said == why
    assert runs.shelf().find(path) is None


def test_a_load_is_not_kept_where_a_module_asks_for_the_time(lab: Laboratory, runs: Runs) -> None:
    lab.write("import datetime\nSTART = datetime.datetime.now()", "shelf_n.py")
    path = lab.write(source("import shelf_n"))
    _, said = runs.keep(path)
    assert said == "shelf_n.py asks for the time or for chance"


def test_a_load_is_not_kept_where_a_stub_stood_in(lab: Laboratory, runs: Runs) -> None:
    loaded = replace(lab.load(lab.write(source(""))), stand_ins=("stub acme",))
    assert runs.shelf().keep(loaded) == "something stands in for a module that is not here"


def test_what_was_kept_goes_where_a_load_is_not_to_be_trusted_any_more(lab: Laboratory, runs: Runs) -> None:
    path = lab.write(source(""))
    runs.kept(path)
    path.write_text(source("import uuid; uuid.uuid4()"))
    runs.keep(path)
    assert [each.name for each in runs.folder.glob("*.json")] == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"key": 1}', "null"])
def test_what_cannot_be_read_is_as_good_as_not_there(content: str, lab: Laboratory, runs: Runs) -> None:
    path = lab.write(source(""))
    runs.kept(path)
    (kept,) = runs.folder.glob("*.json")
    entry = json.loads(kept.read_text())
    kept.write_text(content)
    assert runs.shelf().find(path) is None
    del entry["loaded"]["dags"][0]["tasks"][0]["kind"]
    kept.write_text(json.dumps(entry))
    assert runs.shelf().find(path) is None


def test_a_folder_that_cannot_be_written_is_no_failure(lab: Laboratory, runs: Runs) -> None:
    runs.folder.write_text("a file is here")
    _, said = runs.keep(lab.write(source("")))
    assert said.startswith("it cannot be written")
