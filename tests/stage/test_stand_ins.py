"""Modules that are missing or have moved: what is asked for in the configuration stands in for them, and is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from laboratory import RUN_ID
from older import AIRFLOW, here
from pytest_dagguard.engine.check import Terms
from pytest_dagguard.engine.experiment import carry_out
from pytest_dagguard.engine.lab import Lab, Options, Subject
from pytest_dagguard.engine.session import Session
from pytest_dagguard.model.dag import DagFile
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Run
from pytest_dagguard.model.seed import Seed

OLD = """
    from datetime import datetime
    from airflow import DAG
    from airflow.contrib.operators.emr_add_steps_operator import EmrAddStepsOperator
    from airflow.contrib.operators.kubernetes_pod_operator import KubernetesPodOperator
    from airflow.providers.amazon.aws.sensors.emr_step import EmrStepSensor
    from airflow.providers.cncf.kubernetes.operators import kubernetes_pod
    from airflow.datasets import Dataset
    from airflow.operators.bash_operator import BashOperator
    from airflow.operators.dummy_operator import DummyOperator
    from airflow.operators.python_operator import PythonOperator
    from airflow.sensors.base_sensor_operator import BaseSensorOperator
    from airflow.utils.dates import days_ago
    from acme_old.jobs import START
    with DAG("old", schedule_interval="@daily", start_date=days_ago(2), default_view="graph"):
        DummyOperator(task_id="t") >> BashOperator(task_id="b", bash_command=START)
"""
STUBBED = """
    import os
    from airflow.sdk import DAG, task
    import acme.db
    from acme.retry import retry
    from acme.operators import AcmeOperator
    from acme.errors import AcmeError

    REGION = acme.db.region()
    URL = "https://" + acme.db.HOST + "/x"

    @retry(times=3)
    def helper():
        return 1

    with DAG("d", schedule=None):
        @task
        @retry
        def clean(): return helper()

        @task
        def uses(): return acme.db.connect("x").execute("select 1")

        @task
        def shows(): return f"in {REGION}"

        @task
        def catches():
            try:
                return 1
            except AcmeError:
                raise

        [clean(), uses(), shows(), catches()] >> AcmeOperator(task_id="operator", table="t", retries=2)
"""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    root = tmp_path_factory.mktemp("stand_ins")
    (root / "dags").mkdir()
    (root / "dags" / "new_jobs.py").write_text("START = 'echo'\n")
    options = Options(
        root, (root / "dags",), Seed(), stubs=("acme.*",), aliases={"acme_old.jobs": "new_jobs"}, airflow2=True
    )
    made = Session(options, Terms(root, budget=60.0), {}, "seed")
    yield made
    made.close()


def write(lab: Lab, name: str, source: str) -> Path:
    from textwrap import dedent

    path = lab.options.dags[0] / name
    path.write_text(here(dedent(source)))
    return path


def load(session: Session, name: str, source: str) -> DagFile:
    return session.lab.load(write(session.lab, name, source))


def test_a_file_of_airflow_2_loads_by_its_old_names(session: Session) -> None:
    loaded = load(session, "old.py", OLD)
    assert loaded.errors == ()
    assert [each.task_id for each in loaded.dags[0].tasks] == ["t", "b"]
    assert "alias acme_old.jobs -> new_jobs" in loaded.stand_ins
    emr = "alias airflow.providers.amazon.aws.sensors.emr_step -> airflow.providers.amazon.aws.sensors.emr"
    assert emr in loaded.stand_ins  # it is the provider that has moved these, under whichever Airflow
    of_airflow_3 = {
        "alias schedule_interval -> schedule",
        "alias default_view -> nothing, Airflow 3 has no such argument",
        "alias airflow.operators.bash_operator -> airflow.providers.standard.operators.bash",
    }
    assert of_airflow_3 & set(loaded.stand_ins) == (of_airflow_3 if AIRFLOW >= (3, 0) else set())


def test_a_file_with_modules_that_are_missing_loads_with_all_its_tasks(session: Session) -> None:
    loaded = load(session, "stubbed.py", STUBBED)
    assert loaded.errors == ()
    assert [each.task_id for each in loaded.dags[0].tasks] == ["clean", "uses", "shows", "catches", "operator"]
    assert loaded.dags[0].task("operator").retries == 2
    assert set(loaded.stand_ins) >= {"stub acme", "stub acme.db", "stub acme.retry"}


def attempt(session: Session, task_id: str) -> Outcome:
    path = write(session.lab, "stubbed.py", STUBBED)
    subject = Subject(str(path), "d", task_id, RUN_ID, tasks=(task_id,))
    outcome, _ = carry_out(session.lab, subject, session.lab.origin, (Run(1),), (0.0,), cleared=False)
    return outcome


@pytest.mark.parametrize(
    ("task_id", "stub"),
    [("uses", "acme.db.connect"), ("shows", "acme.db.region()"), ("operator", "acme.operators.AcmeOperator")],
)
def test_what_a_task_does_with_a_stub_is_no_evidence(session: Session, task_id: str, stub: str) -> None:
    outcome = attempt(session, task_id)
    assert outcome.group == "run stubbed code"
    assert stub in outcome.unreachable


@pytest.mark.parametrize("task_id", ["clean", "catches"])
def test_a_task_that_runs_no_stub_is_judged_as_ever(session: Session, task_id: str) -> None:
    outcome = attempt(session, task_id)
    assert (outcome.unreachable, outcome.last.state) == ("", "success")


def test_what_is_there_goes_before_a_stub(session: Session) -> None:
    loaded = load(
        session,
        "good.py",
        "import new_jobs, json\nfrom airflow.sdk import DAG\ndag = DAG('good_' + new_jobs.START, schedule=None)\n",
    )
    assert [each.dag_id for each in loaded.dags] == ["good_echo"]
    assert loaded.stand_ins == ()


def test_a_module_that_nobody_asked_to_stub_is_missing_still(session: Session) -> None:
    (error,) = load(session, "missing.py", "from airflow.sdk import DAG\nimport acmeish\n").errors
    assert error.kind == "missing-module"
