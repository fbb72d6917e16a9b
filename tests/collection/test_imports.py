"""What a file imports: what is here, what is elsewhere in the repository, and what is nowhere."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from pytest_dagguard.collection.imports import Imports


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "pipelines"
    made.mkdir()
    return made


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / f"{name.replace('__', '/').replace('//init/', '/__init__')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))


def absent(root: Path, name: str, *stand_ins: str) -> list[str]:
    return list(Imports(root, [str(root / "dags")], stand_ins).of_file(root / "dags" / f"{name}.py").modules)


def test_what_its_own_modules_lack_counts_too(root: Path) -> None:
    write(
        root,
        dags__d="import json, helpers\nfrom tools import sql\n",
        dags__helpers="import acme.db\nimport d\n",
        dags__tools__sql="from beta import x\n",
    )
    assert absent(root, "d") == ["acme", "beta"]


def test_what_may_fail_is_not_needed(root: Path) -> None:
    write(root, dags__d="try:\n    import acme\nexcept ImportError:\n    acme = None\nimport beta\n")
    assert absent(root, "d") == ["beta"]


@pytest.mark.parametrize("stand_in", ["acme", "acme*", "acme.db"])
def test_what_something_stands_in_for_is_not_absent(root: Path, stand_in: str) -> None:
    write(root, dags__d="import acme.db\n")
    assert absent(root, "d", stand_in) == []


def test_providers_are_looked_for_without_importing_airflow(root: Path) -> None:
    write(
        root,
        dags__d="""
            from airflow.operators.gone import Gone
            from airflow.providers.acme.operators.x import X
            from airflow.providers.apache.acme.hooks import Y
            from airflow.providers.standard.operators.no_such_file import Z
        """,
    )
    known = sys.modules.pop("airflow.providers.standard", None)
    assert absent(root, "d") == ["airflow.providers.acme", "airflow.providers.apache.acme"]
    assert "airflow.providers.standard" not in sys.modules
    if known is not None:
        sys.modules["airflow.providers.standard"] = known


def test_what_else_a_file_needs_to_load(root: Path) -> None:
    write(
        root,
        dags__d="""
            import os
            from airflow.contrib.hooks import x
            from airflow.operators.dummy_operator import DummyOperator
            from airflow.operators.python import PythonOperator
            A = os.environ["A"]
            os.environ["B"] = os.environ.get("C")
            D = [Variable.get("D"), Variable.get("E", default_var=""), Variable.get("F", "")]
            try:
                Variable.get("G")
            except KeyError:
                ...
            def run():
                Variable.get("H")
            with DAG("d", schedule_interval="@daily"):
                PythonOperator(task_id="t", op_args=[Variable.get("I", deserialize_json=True)])
        """,
    )
    needed = Imports(root, []).of_file(root / "dags" / "d.py")
    assert list(needed.moved) == ["airflow.contrib.hooks", "airflow.operators.dummy_operator", "schedule_interval"]
    assert (list(needed.environment), list(needed.variables)) == (["A"], ["D", "I"])


def test_under_airflow_2_what_is_airflow_3s_is_elsewhere(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_dagguard.engine.facts.is_airflow_2", lambda: True)
    source = """
        from airflow.operators.dummy_operator import DummyOperator
        from airflow.sdk import Variable
        DAG("d", schedule_interval="@daily")
    """
    write(root, dags__d=source)
    assert list(Imports(root, []).of_file(root / "dags" / "d.py").moved) == ["airflow.sdk"]


@pytest.mark.parametrize(
    ("module", "home"),
    [
        ("shared", "lib"),
        ("package.inner", "lib"),
        ("folder", "lib"),
        ("inner", ""),
        ("twice", ""),
        ("nowhere", ""),
        ("client", ""),
    ],
)
def test_the_folder_from_which_a_module_is_imported(root: Path, module: str, home: str) -> None:
    write(
        root,
        lib__shared="",
        lib__package____init__="",
        lib__package__inner="",
        lib__folder__part="",
        a__twice="",
        b__twice="",
        # it means another client than itself
        lib__client="from client import Client\n",
    )
    assert Imports(root, []).home(module) == home


def test_a_repository_that_is_a_package_by_its_own_name(root: Path) -> None:
    """Airflow has it below its DAG folder under this name; no other folder of it is imported from."""
    write(root, a__d="from pipelines.lib import shared\n", lib__shared="import acme\n", lib__utils="")
    imports = Imports(root, [])
    assert (imports.home("pipelines.lib"), imports.home("utils")) == ("..", "")
    assert list(imports.of_file(root / "a" / "d.py").modules) == ["acme"]
