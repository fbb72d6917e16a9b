"""A secrets backend of Airflow that the configuration names: Variables and connections come from the emulated service."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

from older import here
from pytest_dagguard.engine.check import Terms
from pytest_dagguard.engine.experiment import carry_out
from pytest_dagguard.engine.lab import Options, Subject
from pytest_dagguard.engine.session import Session
from pytest_dagguard.model.plan import Run
from pytest_dagguard.model.seed import Seed

pytestmark = [pytest.mark.slow, pytest.mark.airflow3]
SOURCE = """
    from airflow.sdk import DAG, Variable, task
    from airflow.sdk.bases.hook import BaseHook

    with DAG("d", schedule=None):
        @task
        def t():
            return [Variable.get("region"), Variable.get("day"), BaseHook.get_connection("db").host]

        t()
"""
SEED = Seed(
    variables={"region": "of the seed", "day": "of the seed"},
    secrets={"airflow/variables/region": "north", "airflow/connections/db": '{"conn_type": "mysql", "host": "h"}'},
)
BACKEND = {
    "AIRFLOW__SECRETS__BACKEND": "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend",
    "AIRFLOW__SECRETS__BACKEND_KWARGS": '{"variables_prefix": "airflow/variables"}',
}


def test_it_is_asked_first_and_what_it_lacks_comes_from_the_seed(tmp_path: Path) -> None:
    path = tmp_path / "dags" / "d.py"
    path.parent.mkdir()
    path.write_text(here(dedent(SOURCE)))
    session = Session(
        Options(tmp_path, (path.parent,), SEED, environment=BACKEND), Terms(tmp_path, budget=60.0), {}, "seed"
    )
    try:
        lab = session.lab
        subject = Subject(str(path), "d", "t", "manual__2024-01-01", tasks=("t",))
        outcome, _ = carry_out(lab, subject, lab.origin, (Run(1),), (0.0,), cleared=False)
        assert not outcome.unreachable
        assert outcome.last.succeeded, outcome.last.log
        returned = outcome.after["xcom://d/manual__2024-01-01/t/return_value"]
        assert json.loads(lab.content(returned.digest)) == ["north", "of the seed", "h"]
    finally:
        session.close()
