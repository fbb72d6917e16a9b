"""Repositories as they are: several DAG folders, packages by the repository's name, folders that are called as libraries.

What is not here: .airflowignore is in ``model/test_files.py``, stand-ins in ``stage/test_stand_ins.py``, time-outs and what the
environment lacks in ``stage/test_load.py``, the classes of operators in ``stage/test_describe.py``, slow files in
``rules/corpus/slow_parse.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from laboratory import RUN_ID, TINY, Laboratory
from older import here
from pytest_dagguard.collection.missing import of_text
from pytest_dagguard.engine.check import Terms
from pytest_dagguard.engine.experiment import carry_out
from pytest_dagguard.engine.lab import Options, Subject
from pytest_dagguard.engine.session import Session
from pytest_dagguard.model.plan import Run
from pytest_dagguard.model.seed import Seed

FILES = {
    "lib/shared.py": "NAME = 'shared'\n",
    "pipelines_common.py": "NAME = 'beside'\n",
    "teams/a/dags/helper_a.py": "NAME = 'a'\n",
    "teams/a/dags/redis/__init__.py": "raise ImportError('this is the folder and not the library')\n",
    "teams/a/dags/redis/notes.py": "",
    "teams/b/dags/helper_b.py": "NAME = 'b'\n",
    "teams/b/dags/factory.py": """
        from airflow.sdk import DAG
        from airflow.providers.amazon.aws.operators.s3 import S3CreateObjectOperator

        class OurMarker(S3CreateObjectOperator):
            pass

        def make(name):
            with DAG(name, schedule=None) as dag:
                OurMarker(task_id="mark", s3_bucket="out", s3_key="done", data="x", replace=True)
            return dag
    """,
    "tiny.py": TINY,
}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    root = tmp_path_factory.mktemp("checkouts") / "pipelines"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(here(dedent(text)))
    options = Options(
        root,
        (root / "teams" / "a" / "dags", root / "teams" / "b" / "dags"),
        Seed(),
        paths=(str(root.parent), str(root / "lib"), str(root)),
        environment={"DEPLOYMENT": "test", "AIRFLOW_VAR_REGION": "eu"},
    )
    made = Session(options, Terms(root, budget=60.0), {}, "seed")
    yield made
    made.close()


def ids(session: Session, name: str, source: str) -> list[str]:
    """The DAGs of a file of the second folder."""
    loaded = session.lab.load(written(session, name, source))
    assert loaded.errors == ()
    return [each.dag_id for each in loaded.dags]


def written(session: Session, name: str, source: str) -> Path:
    path = session.options.root / "teams" / "b" / "dags" / name
    path.write_text(here(dedent(source)))
    return path


@pytest.mark.parametrize(
    ("line", "made"),
    [
        ("import redis; name = redis.Redis.__name__", "Redis"),
        ("import helper_a, helper_b; name = helper_a.NAME + helper_b.NAME", "ab"),
        ("import shared; name = shared.NAME", "shared"),
        ("from pipelines.lib import shared; name = shared.NAME", "shared"),
        ("import pipelines_common; name = pipelines_common.NAME", "beside"),
        ("import os; name = os.environ['DEPLOYMENT']", "test"),
        ("from airflow.sdk import Variable; name = Variable.get('region')", "eu"),
    ],
    ids=[
        "a folder that is called as a library",
        "several DAG folders",
        "an extra path",
        "the repository as a package",
        "the repository itself",
        "env",
        "a Variable by env",
    ],
)
def test_what_a_file_imports_is_found(session: Session, line: str, made: str) -> None:
    assert ids(session, "imports.py", f"from airflow.sdk import DAG\n{line}\ndag = DAG(name, schedule=None)\n") == [
        made
    ]


def test_what_a_file_writes_into_its_folder_does_not_get_into_the_repository(session: Session) -> None:
    before = sorted(session.options.root.rglob("*"))
    source = (
        "import logging\nfrom airflow.sdk import DAG\nopen('run.log', 'w').write('x')\ndag = DAG('d', schedule=None)\n"
    )
    assert ids(session, "imports.py", source) == ["d"]
    after = sorted(each for each in session.options.root.rglob("*") if "__pycache__" not in each.parts)
    assert {each for each in after if each not in before} <= {session.options.root / "teams/b/dags/imports.py"}


def test_a_factory_hides_no_operator(session: Session) -> None:
    loaded = session.lab.load(written(session, "made.py", "# airflow DAG\nimport factory\nd = factory.make('made')\n"))
    (task,) = loaded.dags[0].tasks
    assert (task.task_id, task.operator) == ("mark", "factory.OurMarker")
    assert "airflow.providers.amazon.aws.operators.s3.S3CreateObjectOperator" in task.bases


def test_source_is_looked_at_where_the_environment_cannot_load_it(session: Session) -> None:
    source = """
        from datetime import datetime
        import acme
        from airflow.sdk import DAG, task
        with DAG("d", schedule=None):
            @task
            def t():
                return datetime.now()
            t()
    """
    path = written(session, "lacking.py", source)
    (error,) = session.load(path).errors
    assert error.is_elsewhere
    said = {
        name: session.rule(name, str(path)).verdict
        for name, dag in session.hygiene.of_file(str(path), whole=False)
        if dag is None
    }
    assert said["import-error"] == "fail"
    assert said["clock-in-task"] == "warn"


GOOGLE = """
    from airflow.sdk import DAG
    from google.cloud import bigquery
    from google.oauth2 import service_account
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    info = {"client_email": "a@example.iam.gserviceaccount.com", "private_key": key.decode(), "project_id": "p",
            "token_uri": "https://oauth2.googleapis.com/token"}
    list(bigquery.Client("p", service_account.Credentials.from_service_account_info(info)).list_datasets())
"""
AMAZON = """
    from airflow.sdk import DAG
    import boto3

    boto3.client("rds", "eu-west-1", aws_access_key_id="AKIAFAKE", aws_secret_access_key="x").describe_db_instances()
"""


@pytest.mark.parametrize(
    ("source", "names"),
    # Google's client tries again for ten minutes: the time that a load may take ends it, and the network is named
    [pytest.param(GOOGLE, "oauth2.googleapis.com", marks=pytest.mark.slow), (AMAZON, "rds")],
    ids=["Google", "Amazon"],
)
def test_a_fake_key_does_not_hang_in_retries(session: Session, source: str, names: str) -> None:
    (error,) = session.lab.load(written(session, "keys.py", source)).errors
    assert error.kind == "egress", error.message
    assert names in error.message


@pytest.mark.parametrize(
    ("call", "lacks"),
    [
        ('client("ssm").get_parameter(Name="/db/url")', "missing: parameter /db/url"),
        ('client("secretsmanager").get_secret_value(SecretId="prod/db")', "missing: secret prod/db"),
    ],
)
def test_a_file_that_asks_for_what_the_seed_lacks_is_told_what(session: Session, call: str, lacks: str) -> None:
    source = f"import boto3\n\ndef client(name):\n    return boto3.client(name, 'eu-west-1')\n\n{call}\n"
    (error,) = session.lab.load(written(session, "asks.py", source)).errors
    assert error.kind == "lacks", error.message
    assert of_text(error.message) == [lacks]


def test_an_operator_that_is_run_within_a_function_is_seen(lab: Laboratory) -> None:
    path = lab.file(
        """
        @task
        def t(**context):
            from airflow.providers.amazon.aws.operators.s3 import S3CreateObjectOperator

            S3CreateObjectOperator(task_id="inner", s3_bucket="out", s3_key="done", data="x").execute(context)
        """
    )
    subject = Subject(str(path), "d", "t", RUN_ID, tasks=("t",))
    outcome, _ = carry_out(lab.lab, subject, lab.lab.origin, (Run(1),), (0.0,), cleared=False)
    assert outcome.last.succeeded, outcome.last
    assert "s3://out/done" in outcome.after
    # with the default replace=False a second run finds what the first has left, and cannot finish
    assert [each.cls for each in lab.check(path, "twice").findings] == ["cannot-finish"]
