"""Faults of the kind that a survey of linters planted in DAG files: what the rules that read the source find of them."""

from __future__ import annotations

import ast
from pathlib import Path
from textwrap import dedent

import pytest

from pytest_dagguard.model.rule import Repository, Source, Subject

from .test_source_corpus import RULES

HEAD = """
import json, os, uuid
from datetime import datetime
import boto3, pandas as pd
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, task
"""
"""What each planted file begins with; nothing of it is a fault."""

FAULTS = {
    "random-output-key": """
        def store(ds):
            boto3.client("s3").put_object(Bucket="lake", Key=f"sales/{ds}/{uuid.uuid4()}.json", Body=b"")
        with DAG("d", schedule="@daily"):
            PythonOperator(task_id="store", python_callable=store)
        """,
    "plain-insert": """
        with DAG("d", schedule="@daily"):
            SQLExecuteQueryOperator(task_id="load", sql="INSERT INTO facts SELECT * FROM raw WHERE day = '{{ ds }}'")
        """,
    "append-write": """
        @task
        def load(ds=None):
            pd.DataFrame().to_sql("facts", connection(), if_exists="append")
        """,
    "env-var-config": """
        BUCKET = os.environ["LAKE_BUCKET"]
        """,
    "heavy-python-task": """
        def join():
            pd.read_csv("s3://lake/a.csv").merge(pd.read_csv("s3://lake/b.csv")).to_csv("s3://lake/c.csv")
        with DAG("d", schedule="@daily"):
            PythonOperator(task_id="join", python_callable=join)
        """,
    "secret-in-args": """
        with DAG("d", schedule="@daily"):
            KubernetesPodOperator(task_id="pod", image="acme/x:1", env_vars={"DB_PASSWORD": "Blue-Harbour-71"})
        """,
    "import-from-plugins-folder": """
        from acme_shared import connect
        """,
    "local-file-handoff": """
        @task
        def extract():
            with open("/tmp/extract.json", "w") as file:
                json.dump({}, file)
        @task
        def load():
            with open("/tmp/extract.json") as file:
                return json.load(file)
        """,
    "clock-in-task": """
        @task
        def load():
            day = datetime.now().date()
            boto3.client("s3").download_file("lake", f"raw/{day}.csv", "/tmp/raw.csv")
        """,
    "read-latest": """
        @task
        def load():
            found = boto3.client("s3").list_objects_v2(Bucket="lake")["Contents"]
            return sorted(found, key=lambda each: each["LastModified"])[-1]["Key"]
        """,
    "delete-target-not-scoped": """
        with DAG("d", schedule="@daily"):
            BashOperator(task_id="clear", bash_command="aws s3 rm --recursive s3://lake/sales")
        """,
    "artefact-not-confirmed": """
        with DAG("d", schedule="@daily"):
            BashOperator(task_id="publish", bash_command="gsutil rm gs://m/live; gsutil mv gs://m/new gs://m/live")
        """,
    "overlapping-runs-shared-target": """
        @task
        def load():
            boto3.client("s3").put_object(Bucket="lake", Key="sales/current.json", Body=b"")
        with DAG("d", schedule="@hourly", catchup=True):
            load()
        """,
    "bash-injection": """
        with DAG("d", schedule=None):
            BashOperator(task_id="run", bash_command="run.sh {{ dag_run.conf['file'] }}")
        """,
    "metadata-db-access": """
        from airflow.utils.session import create_session
        @task
        def last_runs():
            with create_session() as session:
                return session.execute("SELECT * FROM dag_run").all()
        """,
    "implicit-schedule": """
        with DAG("d", start_date=datetime(2024, 1, 1)):
            pass
        """,
    "dynamic-dag-arg": """
        with DAG("d", schedule="@daily", start_date=datetime.now()):
            pass
        """,
    "removed-api": """
        with DAG("d", schedule_interval="@daily"):
            pass
        """,
    "moved-api": """
        from airflow.datasets import Dataset
        LAKE = Dataset("s3://lake")
        """,
    "hardcoded-endpoint": """
        with DAG("d", schedule="@daily"):
            KubernetesPodOperator(task_id="pod", image="acme/x:1", project_id="acme-prod-4711")
        """,
}
"""Rule -> a file with the one fault that it is for."""


def subject(text: str, root: Path) -> Subject:
    path = root / "dags/planted.py"
    path.parent.mkdir(exist_ok=True)
    (root / "plugins").mkdir(exist_ok=True)
    (root / "plugins/acme_shared.py").touch()
    text = HEAD + dedent(text)
    path.write_text(text)
    source = Source(path, "dags/planted.py", text, ast.parse(text))
    return Subject(Repository(root, sources={source.name: source}), source)


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_by_its_rule(name: str, tmp_path: Path) -> None:
    found = list(RULES[name].check(subject(FAULTS[name], tmp_path)))
    assert [each.cls for each in found] == [name]


@pytest.mark.parametrize("name", sorted(set(RULES) - {"repeated-literal"}))
def test_the_file_without_a_fault_is_not_flagged(name: str, tmp_path: Path) -> None:
    assert list(RULES[name].check(subject("", tmp_path))) == []


def test_every_rule_that_reads_one_file_has_a_planted_fault() -> None:
    assert set(FAULTS) == {name for name, rule in RULES.items() if rule.level == "file"}
