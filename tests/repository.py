"""A small repository of DAGs, and runs of pytest over it as its users start them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from laboratory import TINY

FILES = {
    "pyproject.toml": """
        [tool.dagguard]
        scenarios = ["twice", "killed"]
        budget = "120s"

        [tool.dagguard.rules]
        select = ["import-error", "no-dag-in-file", "missing-retries"]
        severity.missing-retries = "warning"
    """,
    "conftest.py": """
        import sys
        import pytest

        # what a neighbour, pytest-airflow-in-a-box, owns
        NAMES = ("dag_bag", "dag_maker", "run_dag", "run_task", "render_task", "airflow_home")
        for name in NAMES:
            globals()[name] = pytest.fixture(name=name)(lambda name=name: name)

        def pytest_dagguard_verdict(nodeid, verdict):
            with open("verdicts.txt", "a") as file:
                print(nodeid, verdict.verdict, file=file)

        @pytest.hookimpl(trylast=True)
        def pytest_unconfigure(config):
            heavy = {"airflow", "moto", "boto3", "google.cloud.storage", "gcp_storage_emulator"}
            print("\\nIMPORTED", sorted(heavy & set(sys.modules)))
    """,
    "dags/tiny.py": TINY,
    "dags/sales.py": """
        import uuid
        import tiny
        from airflow.sdk import DAG, task

        with DAG("sales", schedule=None, default_args={"retries": 1}):
            @task
            def good(ds=None):
                tiny.put(f"clean/{ds}", tiny.get("raw/a.csv"))

            @task
            def bad():
                tiny.put(f"clean/part-{uuid.uuid4()}", b"id,n\\n1,2\\n")

            @task
            def window():
                tiny.delete("raw/b.csv")
                tiny.put("raw/b.csv", b"x")

            @task
            def lacks():
                raise ValueError("there is nothing to do")

            good(), bad(), window(), lacks()
    """,
    "dags/broken.py": """
        from airflow.sdk import DAG

        def broken(:
    """,
    "dags/nothing.py": '"""Mentions airflow and a DAG, and has none."""',
    "dags/helper.py": "X = 1",
    # named like a test module, which pytest would import
    "dags/test_daily.py": """
        from airflow.sdk import DAG, task

        with DAG("daily", schedule=None):
            @task
            def t(): ...
            t()
    """,
    # a test in a DAG folder, which nobody asks for with the flag
    "dags/lib/test_helper.py": "import sys; assert '--dagguard' not in sys.argv",
    "tests/test_own.py": """
        def test_own(dag_bag, run_task):
            assert (dag_bag, run_task) == ("dag_bag", "run_task")
    """,
    "tests/dagguard/s3/raw/a.csv": "id,n\n1,10\n",
    "tests/dagguard/s3/raw/b.csv": "x",
}


@dataclass
class Ran:
    """A run that has ended."""

    root: Path
    code: int
    out: str

    @property
    def outcomes(self) -> dict[str, str]:
        """Item -> ``PASSED`` and so on, from what ``-v`` says, that of pytest-xdist included."""
        states = "PASSED|FAILED|SKIPPED|ERROR"
        rows = re.findall(rf"^(\S+::\S+) ({states})|^\[gw\d+\].*? ({states}) (\S+::\S+)", self.out, re.MULTILINE)
        return {left or right: before or after for left, before, after, right in rows}

    @property
    def ids(self) -> list[str]:
        """The items that ``--collect-only -q`` lists."""
        return re.findall(r"^\S+::\S+$", self.out, re.MULTILINE)


def make(root: Path, **more: str) -> Path:
    for name, text in {**FILES, **more}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return root


def pytest_in(root: Path, *arguments: str, **environ: str) -> Ran:
    """Run pytest as a user does."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DAGGUARD_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=root,
        env={**inherited, "COLUMNS": "120", **environ},
        capture_output=True,
        text=True,
        timeout=600,
    )
    return Ran(root, done.returncode, done.stdout + done.stderr)
