"""What a file does while it is loaded: each with the line of the repository that does it, and nothing else."""

from __future__ import annotations

import pytest

from laboratory import Laboratory
from older import AIRFLOW
from pytest_dagguard.model.dag import DagFile
from pytest_dagguard.model.seed import Seed


def events(loaded: DagFile) -> list[tuple[str, str, int]]:
    assert not loaded.errors, loaded.errors
    return [(each.kind, each.what, each.line) for each in loaded.events]


def test_a_quiet_file_has_no_events(lab: Laboratory) -> None:
    source = """
        import csv, json, logging, os
        from pathlib import Path
        from airflow.providers.amazon.aws.operators.s3 import S3CopyObjectOperator
        from airflow.sdk import DAG, Variable, task
        logging.getLogger("x").info("loading")
        os.environ.get("HOME"), Path(__file__).read_text()
        with DAG("d", schedule=None):
            @task
            def t(): return Variable.get("x")
            t()
    """
    assert events(lab.load(lab.write(source))) == []


def test_each_kind_with_its_line(lab: Laboratory) -> None:
    source = """
        import os, socket, subprocess
        from airflow.sdk import DAG, Variable
        try:
            from airflow.sdk import BaseHook
        except ImportError:  # Airflow 3.0
            from airflow.hooks.base import BaseHook
        Variable.get("region")
        BaseHook.get_connection("warehouse")
        os.environ["STAGE"] = "test"
        subprocess.run(["echo", "hello"])
        open("out.txt", "w").close()
        try:
            socket.create_connection(("example.com", 80))
        except OSError:
            pass
    """
    seed = Seed(variables={"region": "eu"}, connections={"warehouse": {"conn_type": "postgres", "host": "db"}})
    found = events(lab.load(lab.write(source), seed=seed))
    assert [(kind, line) for kind, _, line in found] == [
        ("variable", 8),
        ("connection", 9),
        ("environment", 10),
        ("program", 11),
        ("write", 12),
        ("network", 14),
    ]
    assert [
        what for kind, what, _ in found if kind in ("variable", "connection", "environment", "program", "network")
    ] == [
        "region",
        "warehouse",
        "STAGE",
        "echo hello",
        "example.com:80",
    ]


def test_a_service_that_is_emulated_is_called_by_its_name(lab: Laboratory) -> None:
    source = "import tiny\nfrom airflow.sdk import DAG\nFOUND = tiny.keys('raw')\n"
    loaded = lab.load(lab.write(source))
    (event,) = loaded.events
    assert (event.kind, event.what) == ("network", "s3")
    assert event.file.endswith("tiny.py"), "the innermost line of the repository"


@pytest.mark.airflow3
def test_a_helpers_line_is_told_and_a_loop_is_told_once(lab: Laboratory) -> None:
    helper = lab.write(
        "from airflow.sdk import Variable\n\n\ndef get(n):\n    return Variable.get(f'v{n % 2}', default=1)\n",
        "watch_helper.py",
    )
    loaded = lab.load(
        lab.write("import watch_helper\nfrom airflow.sdk import DAG\n[watch_helper.get(n) for n in range(50)]\n")
    )
    assert events(loaded) == [("variable", "v0", 5), ("variable", "v1", 5)]
    assert {each.file for each in loaded.events} == {str(helper)}


def test_what_an_import_writes_is_not_the_files_doing(lab: Laboratory) -> None:
    lab.write("open('cache.bin', 'wb').close()\n", "lib_of_others.py")
    site = lab.root / "site-packages"
    site.mkdir(exist_ok=True)
    (site / "others_lib.py").write_text("open('cache.bin', 'wb').close()\n")
    source = f"import sys\nsys.path.append({str(site)!r})\nimport others_lib\nfrom airflow.sdk import DAG\n"
    assert events(lab.load(lab.write(source))) == []


def test_warnings_of_airflow_name_the_line_and_others_are_passed_over(lab: Laboratory) -> None:
    source = """
        import warnings
        from airflow.operators.bash import BashOperator
        from airflow.sdk import DAG
        warnings.warn("of our own", DeprecationWarning)
    """
    found = events(lab.load(lab.write(source)))
    if AIRFLOW <= (3, 0):  # 3.0's warnings are Python's own, like anybody's; to 2.11 the module is a good one
        assert found == []
        return
    ((kind, what, line),) = found
    assert (kind, line) == ("warning", 3)
    assert "airflow.providers.standard.operators.bash.BashOperator" in what


def test_time_for_libraries_is_told_apart_from_the_files_own(lab: Laboratory) -> None:
    site = lab.root / "site-packages"
    site.mkdir(exist_ok=True)
    (site / "slow_lib.py").write_text("import time\ntime.sleep(0.5)\n")
    lab.write("import time\ntime.sleep(0.2)\n", "slow_own.py")
    source = f"import sys\nsys.path.append({str(site)!r})\nfrom airflow.sdk import DAG\nimport slow_lib, slow_own\n"
    loaded = lab.load(lab.write(source))
    assert not loaded.errors
    assert loaded.seconds - loaded.own_seconds >= 0.5
    assert loaded.own_seconds >= 0.2
