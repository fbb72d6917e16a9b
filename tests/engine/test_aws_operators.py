"""Operators of the Amazon provider whose jobs and resources have no row in the README's table."""

from __future__ import annotations

from pathlib import Path

import pytest

from laboratory import Laboratory, classes

SOURCE = """
    from airflow.providers.amazon.aws.operators.emr import (
        EmrCreateJobFlowOperator,
        EmrServerlessCreateApplicationOperator,
        EmrServerlessDeleteApplicationOperator,
    )
    from airflow.sdk import DAG, task

    @task
    def with_token():
        import boto3

        client = boto3.client("emr-serverless")
        given = {"name": "nightly", "releaseLabel": "emr-7.0.0", "type": "SPARK"}
        made = client.create_application(clientToken="nightly", **given)["applicationId"]
        client.start_application(applicationId=made)

    with DAG("d", schedule=None, default_args={"retries": 1}):
        EmrCreateJobFlowOperator(task_id="flow", emr_conn_id="aws_default", job_flow_overrides={"Name": "c", "Instances": {}})
        created = {"release_label": "emr-7.0.0", "job_type": "SPARK", "config": {"name": "nightly"}}
        EmrServerlessCreateApplicationOperator(task_id="t", **created)
        EmrServerlessCreateApplicationOperator(task_id="token", client_request_token="nightly", **created)
        EmrServerlessCreateApplicationOperator(task_id="deferred", deferrable=True, **created)
        EmrServerlessDeleteApplicationOperator(task_id="delete", application_id="00abc")
        with_token()
"""


@pytest.fixture(scope="module")
def path(lab: Laboratory) -> Path:
    return lab.write(SOURCE)


@pytest.mark.slow
@pytest.mark.parametrize("task_id", ["flow", "t", "deferred", "delete"])
def test_a_clean_run_comes_to_its_end(lab: Laboratory, path: Path, task_id: str) -> None:
    outcome = lab.run(path, task_id=task_id)
    assert not outcome.unreachable, outcome.unreachable
    assert outcome.last.succeeded, outcome.last.log


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task_id", "found"),
    [
        ("t", ["started-twice"]),
        # the operator waits for the state CREATED, which an application that was started does not come to again
        ("token", ["cannot-finish"]),
        ("with_token", []),
    ],
)
def test_a_retry_creates_an_application_of_emr_serverless_again(
    lab: Laboratory, path: Path, task_id: str, found: list[str]
) -> None:
    verdict = lab.check(path, "killed", task_id)
    assert verdict.verdict != "inconclusive", verdict.reason
    assert classes(verdict) == found
