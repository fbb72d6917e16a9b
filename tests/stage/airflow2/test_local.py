"""A hand-written test under Airflow 2.11: attempts are forked from its own process, which stays as it is."""

from __future__ import annotations

import pytest

TEST = """
from airflow import settings
from airflow.operators.python import PythonOperator

def put():
    import boto3
    boto3.client("s3", region_name="us-east-1").put_object(Bucket="out", Key="a", Body=b"1")

def test_an_operator_object_is_used_as_it_is_and_the_tests_own_database_is_left_alone(dagguard):
    before = settings.engine, settings.Session
    dagguard.s3.put("out/other", b"")
    verdict = dagguard.run_killed(dagguard.task(PythonOperator(task_id="t", python_callable=put, retries=1)))
    assert verdict.passed, verdict
    assert dagguard.s3.get("out/a") == b"1"
    assert (settings.engine, settings.Session) == before
"""


def test_a_test_by_hand(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(pytester.path / "home"))
    pytester.makepyfile(TEST)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
