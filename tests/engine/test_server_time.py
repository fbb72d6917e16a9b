"""The time that services have: it goes with the attempts' clocks."""

from __future__ import annotations

import pytest

from laboratory import Laboratory, said
from pytest_dagguard.model.plan import Run

DAY = 86400.0

S3 = """
    import boto3
    s3 = boto3.client("s3")
    s3.put_object(Bucket="out", Key="a", Body=b"x")
    made = s3.head_object(Bucket="out", Key="a")["LastModified"]
"""
GCS = """
    import os, json, urllib.request
    url = os.environ["STORAGE_EMULATOR_HOST"] + "/upload/storage/v1/b/out/o?uploadType=media&name=a"
    made = json.load(urllib.request.urlopen(urllib.request.Request(url, b"x", method="POST")))["updated"]
"""
GLUE = """
    import boto3
    glue = boto3.client("glue", region_name="us-east-1")
    run = glue.start_job_run(JobName="nightly")["JobRunId"]
    made = glue.get_job_run(JobName="nightly", RunId=run)["JobRun"]["StartedOn"]
"""
KUBERNETES = """
    from kubernetes import client, config
    config.load_kube_config()
    kept = client.CoreV1Api().create_namespaced_config_map("default", {"metadata": {"name": "c"}})
    made = kept.metadata.creation_timestamp
"""
SAY = """
    from datetime import datetime, timezone
    made = datetime.fromisoformat(str(made).replace("Z", "+00:00"))
    print("SAID", (made - datetime.now(timezone.utc)).total_seconds())
"""


@pytest.mark.parametrize("body", [S3, GCS, GLUE, KUBERNETES], ids=["s3", "gcs", "aws", "kubernetes"])
def test_what_is_new_to_a_task_is_new_to_the_service(lab: Laboratory, body: str) -> None:
    assert abs(said(lab.attempt(body + SAY, shifts=(400 * DAY,)))[0]) < 60


def test_each_attempt_brings_its_time_along(lab: Laboratory) -> None:
    outcome = lab.attempt(S3 + SAY, schedule=(Run(1), Run(2)), cleared=True, shifts=(0.0, 400 * DAY))
    assert [abs(each) < 60 for each in said(outcome)] == [True, True]


def test_the_time_of_an_earlier_experiment_is_forgotten(lab: Laboratory) -> None:
    lab.attempt(S3 + SAY, shifts=(400 * DAY,))
    assert abs(said(lab.attempt(S3 + SAY))[0]) < 60
