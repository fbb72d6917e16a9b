"""External jobs: they go on when their submitter is killed, and end by the clock or by what stands for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from laboratory import Laboratory, classes, said

HEAD = "import json, time, boto3\ndef say(*what): print('SAID', json.dumps(what))\n"
JOBS = {
    "glue:writes": "standins:writes",
    "glue:breaks": "standins:breaks",
    "glue:bad": "fail",
    "glue:stuck": "never-ends",
    "glue:nobody": "standins:nobody",
}
STANDINS = """
    import time
    import tiny


    def writes(job):
        time.sleep(1000)
        tiny.put(f"out/part-{job.id}", job.arguments.get("--day", "").encode())


    def breaks(job):
        raise ValueError(job.name)
"""
SUBMIT = """
    glue = boto3.client("glue")
    run = glue.start_job_run(JobName="{name}", Arguments={{"--day": "1"}})["JobRunId"]
    while (state := glue.get_job_run(JobName="{name}", RunId=run)["JobRun"]["JobRunState"]) in ("STARTING", "RUNNING"):
        time.sleep(30)
    say(state, round(time.monotonic()))
"""


@pytest.fixture(scope="module", autouse=True)
def jobs(lab: Laboratory) -> Iterator[None]:
    lab.write(STANDINS, "standins.py")
    lab.lab.cloud.call("behaviours", {"jobs": JOBS})
    yield
    lab.lab.cloud.call("behaviours", {})


@pytest.mark.parametrize(
    ("name", "state", "least", "most"),
    [
        ("any", "SUCCEEDED", 600, 660),
        ("writes", "SUCCEEDED", 1000, 1060),
        ("bad", "FAILED", 600, 660),
        ("breaks", "FAILED", 0, 60),
        ("stuck", "FAILED", 2880 * 60, 2 * 2880 * 60),
    ],
)
def test_a_job_ends_as_it_is_said_to(lab: Laboratory, name: str, state: str, least: int, most: int) -> None:
    outcome = lab.attempt(
        SUBMIT.format(name=name).replace("time.monotonic()", "time.monotonic() - began"),
        head=HEAD + "began = time.monotonic()\n",
    )
    assert outcome.last.state == "success", outcome.last.log
    assert said(outcome)[0][0] == state
    assert least <= said(outcome)[0][1] <= most


def test_a_job_does_what_stands_for_it_and_is_an_actor_of_its_own(lab: Laboratory) -> None:
    outcome = lab.attempt(SUBMIT.format(name="writes"), head=HEAD)
    puts = [each for each in outcome.history if each.operation.verb == "PutObject"]
    assert [each.actor for each in puts] == ["job glue:writes#1"]
    assert [name for name in outcome.after if name.startswith("s3://out/part-jr_")]


def test_a_job_goes_on_when_its_submitter_has_ended(lab: Laboratory) -> None:
    outcome = lab.attempt('boto3.client("glue").start_job_run(JobName="writes")', head=HEAD)
    assert [name for name in outcome.after if name.startswith("s3://out/part-jr_")]


def test_a_stand_in_that_is_missing_is_named(lab: Laboratory) -> None:
    outcome = lab.attempt('boto3.client("glue").start_job_run(JobName="nobody")', head=HEAD)
    assert outcome.group == "lack a stand-in"
    assert "standins:nobody, which stands for job glue:nobody#1, cannot be imported" in outcome.unreachable


def test_a_job_that_is_stopped_does_nothing_more(lab: Laboratory) -> None:
    body = """
        glue = boto3.client("glue")
        run = glue.start_job_run(JobName="writes")["JobRunId"]
        time.sleep(60)
        done = glue.batch_stop_job_run(JobName="writes", JobRunIds=[run, "jr_other"])
        time.sleep(3600)
        say(glue.get_job_run(JobName="writes", RunId=run)["JobRun"]["JobRunState"], len(done["Errors"]))
    """
    outcome = lab.attempt(body, head=HEAD)
    assert said(outcome) == [["STOPPED", 1]]
    assert not [name for name in outcome.after if name.startswith(("s3://out/", "job://"))]


def test_a_second_run_is_refused_while_one_is_under_way(lab: Laboratory) -> None:
    body = """
        glue = boto3.client("glue")
        glue.start_job_run(JobName="any")
        try:
            glue.start_job_run(JobName="any")
        except glue.exceptions.ConcurrentRunsExceededException:
            say("refused")
        time.sleep(1200)
        glue.start_job_run(JobName="any")
        say("accepted")
    """
    assert said(lab.attempt(body, head=HEAD)) == [["refused"], ["accepted"]]


def test_what_glue_does_beside_jobs_and_the_catalog_is_refused_by_name(lab: Laboratory) -> None:
    outcome = lab.attempt('boto3.client("glue").get_triggers()', head=HEAD)
    assert outcome.group == "need Glue"
    assert "GetTriggers" in outcome.unreachable


def test_a_service_that_is_not_there_is_refused_by_name(lab: Laboratory) -> None:
    outcome = lab.attempt('boto3.client("kinesis").list_streams()', head=HEAD)
    assert outcome.group == "need Kinesis"
    assert "ListStreams" in outcome.unreachable


def test_a_retry_that_submits_again_is_found_in_both_ways_that_it_hurts(lab: Laboratory) -> None:
    path = lab.task('return boto3.client("glue").start_job_run(JobName="any")["JobRunId"]', head=HEAD, retries=1)
    verdict = lab.check(path, "killed")
    assert verdict.verdict == "fail", verdict.reason
    assert sorted(classes(verdict)) == ["cannot-finish", "started-twice"]


RANDOM = """
    import time, uuid
    glue, batch, sagemaker = boto3.client("glue"), boto3.client("batch"), boto3.client("sagemaker")
    size = {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}}
    image, role = {"ImageUri": "image"}, "arn:aws:iam::123456789012:role/any"
"""
DRAWN = {
    "glue": 'glue.start_job_run(JobName=f"build-{uuid.uuid4()}")',
    "batch": 'batch.submit_job(jobName=f"build-{uuid.uuid4()}", jobQueue="q", jobDefinition="d")',
    "sagemaker": 'sagemaker.create_processing_job(ProcessingJobName=f"build-{uuid.uuid4()}", ProcessingResources=size, '
    "AppSpecification=image, RoleArn=role)",
}


@pytest.mark.parametrize("call", DRAWN.values(), ids=DRAWN)
def test_a_job_whose_own_name_is_drawn_is_one_job_by_its_template(lab: Laboratory, call: str) -> None:
    path = lab.task(RANDOM + f"    {call}", head=HEAD, retries=1)
    verdict = lab.check(path, "killed")
    assert classes(verdict) == ["started-twice"], verdict.reason
    assert "2 were started where one clean run starts 1" in verdict.findings[0].message
    assert verdict.findings[0].resource in (
        "job://glue/build-<uuid>",
        "job://batch/build-<uuid>",
        "job://sagemaker/processing",
    )


def test_a_job_of_which_nothing_is_said_is_named_as_not_tested(lab: Laboratory) -> None:
    ask = 'boto3.client("glue").start_job_run(JobName="{}")'
    for name, noted in (("any", True), ("writes", False), ("bad", False)):
        verdict = lab.check(lab.task(ask.format(name), head=HEAD, retries=1), "twice")
        assert any(each.startswith(f"not tested: what glue:{name} does") for each in verdict.notes) is noted
    drawn = lab.check(lab.task(RANDOM + f"    {DRAWN['glue']}", head=HEAD), "twice")
    assert any('"glue:build-*" = "module:function"' in each for each in drawn.notes)


OPERATOR = """
    from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
    from airflow.sdk import DAG

    with DAG("d", schedule=None, default_args={"retries": 1}):
        GlueJobOperator(task_id="t", job_name="any", durable=True)
"""


@pytest.mark.slow
def test_the_gap_of_a_durable_operator_is_shown_and_nothing_else(lab: Laboratory) -> None:
    verdict = lab.check(lab.write(OPERATOR), "killed")
    whys = {each.cls: each.why for each in verdict.findings}
    assert set(whys) == {"cannot-finish", "started-twice"}
    # between the submit and what keeps its id there are two XComs; after that the retry takes the run up again
    assert all("StartJobRun" in each or "xcom.set" in each for each in whys.values())
    assert not any("task-state.set" in each for each in whys.values())
