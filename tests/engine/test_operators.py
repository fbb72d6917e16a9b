"""Stock operators and clients of every kind in one DAG file, none of it changed for us, each judged as it deserves."""

from __future__ import annotations

from pathlib import Path

import pytest

from laboratory import Laboratory, classes
from pytest_dagguard.model.seed import Seed
from pytest_dagguard.model.verdict import Verdict

SEED = Seed(
    s3={"source": {"in/a.csv": b"id,n\n1,10\n", "in/b.csv": b"id,n\n2,20\n"}, "target": {}},
    gcs={"models": {"new/m.pkl": b"model", "old/n.pkl": b"other"}, "lake": {}},
)

S3_FILE = """
    import sys
    from airflow.sdk import DAG, task
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.providers.amazon.aws.operators.s3 import (
        S3CopyObjectOperator,
        S3CreateObjectOperator,
        S3DeleteObjectsOperator,
    )
    from airflow.providers.standard.operators.bash import BashOperator

    with DAG("d", schedule=None, default_args={"retries": 1}):
        S3CreateObjectOperator(task_id="create", s3_bucket="target", s3_key="{{ ds }}/c", data="x")
        S3CreateObjectOperator(task_id="replace", s3_bucket="target", s3_key="{{ ds }}/r", data="x", replace=True)
        S3CopyObjectOperator(
            task_id="copy", source_bucket_key="s3://source/in/a.csv", dest_bucket_key="s3://target/{{ ds }}/a.csv"
        )
        S3DeleteObjectsOperator(task_id="delete", bucket="source", prefix="in/b")

        @task
        def hook(ds=None):
            S3Hook().load_string("x", f"{ds}/hook", "target")

        hook()
        BashOperator(task_id="script", bash_command=sys.executable + " SCRIPT {{ ds }}")
        BashOperator(task_id="script_appends", bash_command=sys.executable + " SCRIPT {{ ds }} append")
        BashOperator(task_id="cli", bash_command="echo id,n | aws s3 cp - s3://target/{{ ds }}/cli.csv")
        BashOperator(
            task_id="cli_move",
            bash_command="aws s3 mv s3://target/{{ ds }}/a.csv s3://target/{{ ds }}/moved.csv",
        )
"""

SCRIPT = '''
    """Not a task: a program that a task starts."""
    import sys
    import boto3

    s3 = boto3.client("s3")
    key = f"{sys.argv[1]}/script.csv"
    if "append" in sys.argv:
        key = f"{sys.argv[1]}/appended.csv"
        try:
            old = s3.get_object(Bucket="target", Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            old = b"id\\n"
        s3.put_object(Bucket="target", Key=key, Body=old + b"1\\n")
    else:
        s3.put_object(Bucket="target", Key=key, Body=b"id\\n1\\n")
'''

GCS_FILE = """
    from airflow.sdk import DAG, ObjectStoragePath, task
    from airflow.providers.google.cloud.hooks.gcs import GCSHook
    from airflow.providers.google.cloud.operators.gcs import GCSDeleteObjectsOperator
    from airflow.providers.google.cloud.transfers.gcs_to_gcs import GCSToGCSOperator
    from airflow.providers.google.cloud.transfers.s3_to_gcs import S3ToGCSOperator

    with DAG("d", schedule=None, default_args={"retries": 1}):
        GCSToGCSOperator(
            task_id="copy",
            source_bucket="models",
            source_object="new/m.pkl",
            destination_bucket="lake",
            destination_object="{{ ds }}/m.pkl",
        )
        across = {"bucket": "source", "prefix": "in/", "dest_gcs": "gs://lake/{{ ds }}/"}
        copied = S3ToGCSOperator(task_id="across", **across)
        S3ToGCSOperator(task_id="across_replace", replace=True, **across)

        @task
        def hook(ds=None):
            GCSHook().upload("lake", f"{ds}/hook.csv", data="id\\n1\\n")

        @task
        def paths(ds=None):
            for scheme, bucket in (("s3", "aws_default@target"), ("gs", "google_cloud_default@lake")):
                (ObjectStoragePath(f"{scheme}://{bucket}") / ds / "paths.csv").write_bytes(b"id\\n1\\n")

        @task
        def storage(ds=None):
            from google.auth.credentials import AnonymousCredentials
            from google.cloud import storage

            bucket = storage.Client(project="p", credentials=AnonymousCredentials()).bucket("lake")
            blob = bucket.blob(f"{ds}/log.csv")
            old = blob.download_as_bytes() if blob.exists() else b"id\\n"
            blob.upload_from_string(old + b"1\\n")

        @task
        def counts(names):
            return len(names)

        hook(), paths(), storage(), counts(copied.output)
        GCSToGCSOperator(
            task_id="move",
            source_bucket="models",
            source_object="old/n.pkl",
            destination_bucket="lake",
            destination_object="{{ ds }}/n.pkl",
            move_object=True,
        )
"""


@pytest.fixture(scope="module")
def s3_file(lab: Laboratory) -> Path:
    script = lab.write(SCRIPT, "scripts/one_script.py")
    return lab.write(S3_FILE.replace("SCRIPT", str(script)))


@pytest.fixture(scope="module")
def gcs_file(lab: Laboratory) -> Path:
    return lab.write(GCS_FILE)


def judge(lab: Laboratory, path: Path, task_id: str, scenario: str) -> Verdict:
    return lab.check(path, scenario, task_id, seed=SEED)


@pytest.mark.parametrize("scenario", ["twice", "killed"])
@pytest.mark.parametrize("task_id", ["create", "hook"])
def test_a_default_that_does_not_replace_cannot_finish(
    lab: Laboratory, s3_file: Path, task_id: str, scenario: str
) -> None:
    verdict = judge(lab, s3_file, task_id, scenario)
    assert (verdict.verdict, classes(verdict)) == ("fail", ["cannot-finish"])
    assert "already exists" in verdict.findings[0].message
    assert "replace=True" in verdict.findings[0].fix


@pytest.mark.parametrize("scenario", ["twice", "killed"])
@pytest.mark.parametrize("task_id", ["replace", "copy", "delete", pytest.param("script", marks=pytest.mark.slow)])
def test_what_may_run_again_passes(lab: Laboratory, s3_file: Path, task_id: str, scenario: str) -> None:
    verdict = judge(lab, s3_file, task_id, scenario)
    assert (verdict.verdict, verdict.reason, classes(verdict)) == ("pass", None, [])


@pytest.mark.slow
@pytest.mark.parametrize("task_id", ["replace", "copy", "cli"])
def test_what_may_overlap_passes(lab: Laboratory, s3_file: Path, task_id: str) -> None:
    verdict = judge(lab, s3_file, task_id, "concurrent")
    assert (verdict.verdict, verdict.reason, classes(verdict)) == ("pass", None, [])


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["twice", "killed"])
def test_a_script_that_appends_doubles_its_rows(lab: Laboratory, s3_file: Path, scenario: str) -> None:
    verdict = judge(lab, s3_file, "script_appends", scenario)
    assert (verdict.verdict, classes(verdict)) == ("fail", ["duplicate"])
    assert verdict.findings[0].resource.endswith("appended.csv")


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["twice", "killed"])
def test_the_aws_command(lab: Laboratory, s3_file: Path, scenario: str) -> None:
    verdict = judge(lab, s3_file, "cli", scenario)
    assert (verdict.verdict, verdict.reason) == ("pass", None)
    moved = judge(lab, s3_file, "cli_move", scenario)
    assert moved.verdict == "fail"
    assert "cannot-finish" in classes(moved)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["twice", "killed"])
@pytest.mark.parametrize("task_id", ["copy", "across_replace", "hook", "paths"])
def test_google_operators_that_may_run_again_pass(lab: Laboratory, gcs_file: Path, task_id: str, scenario: str) -> None:
    verdict = judge(lab, gcs_file, task_id, scenario)
    # gcsfs uploads in steps; an upload that a kill leaves open expires by itself
    assert (verdict.verdict, verdict.reason, classes(verdict)) == ("pass", None, [])


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["twice", "killed"])
def test_a_copy_that_skips_what_is_there_tells_those_downstream_of_nothing(
    lab: Laboratory, gcs_file: Path, scenario: str
) -> None:
    """All objects are there, but the list that the operator returns is that of the last try alone."""
    verdict = judge(lab, gcs_file, "across", scenario)
    assert (verdict.verdict, classes(verdict)) == ("fail", ["changed"])
    assert verdict.findings[0].resource.startswith("xcom://")


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["twice", "killed"])
def test_a_google_client_that_appends_doubles_its_rows(lab: Laboratory, gcs_file: Path, scenario: str) -> None:
    verdict = judge(lab, gcs_file, "storage", scenario)
    assert (verdict.verdict, classes(verdict)) == ("fail", ["duplicate"])
    assert verdict.findings[0].resource.endswith("log.csv")


GRPC_FILE = """
    from airflow.sdk import DAG, task

    JOB = {"placement": {"cluster_name": "c"}, "pyspark_job": {"main_python_file_uri": "gs://code/load.py"}}


    @task
    def t():
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import dataproc_v1

        options = {"api_endpoint": "europe-west1-dataproc.googleapis.com:443"}
        client = dataproc_v1.JobControllerClient(credentials=AnonymousCredentials(), client_options=options)
        return client.submit_job(project_id="p", region="europe-west1", job=JOB).reference.job_id


    with DAG("d", schedule=None):
        t()
"""


def test_a_client_that_speaks_grpc_alone_is_seen_and_answered(lab: Laboratory) -> None:
    outcome = lab.run(lab.write(GRPC_FILE), seed=SEED, where=True)
    assert (outcome.unreachable, outcome.last.state) == ("", "success"), outcome.last.log
    submit = next(each for each in outcome.history if each.operation.service == "dataproc")
    assert (submit.actor, submit.operation.verb) == ("attempt 1", "jobs.submit")
    assert submit.site[0].line == 14
    assert [name.rpartition("/")[0] for name in outcome.after if name.startswith("job://")] == ["job://dataproc/load"]
