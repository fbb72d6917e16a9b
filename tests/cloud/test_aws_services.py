"""AWS services with real clients: what makes a second submit harmless or refused, and that the clock alone ends a run.

Each place in which moto differs from the service, and it matters to a retry, has a test here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aws_stand import Stand, code
from pytest_dagguard.cloud.aws import DURATION
from s3_server import request

ROLE = "arn:aws:iam::123456789012:role/dagguard"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:nightly"
EXECUTION = MACHINE.replace("stateMachine", "execution") + ":day"
STEP = {"Name": "one", "ActionOnFailure": "CONTINUE", "HadoopJarStep": {"Jar": "command-runner.jar"}}
ENDED = ("SUCCEEDED", "COMPLETED", "SUCCESS", "STOPPED", "Completed")


def submit(aws: Stand, service: str) -> tuple[Callable[[], str], str]:
    """Start one run of each service's; how to ask for its state, and the beginning of its name in the cloud's state."""
    client = aws.client(service)
    if service == "emr":
        step = client.add_job_flow_steps(JobFlowId="j-ABC", Steps=[STEP])["StepIds"][0]
        return lambda: client.describe_step(ClusterId="j-ABC", StepId=step)["Step"]["Status"][
            "State"
        ], f"emr/j-ABC/{step}"
    if service == "emr-serverless":
        given: dict[str, Any] = {"applicationId": "00abc", "executionRoleArn": ROLE}
        run = client.start_job_run(**given, jobDriver={"sparkSubmit": {"entryPoint": "s3://b/x.py"}})["jobRunId"]
        named = {"applicationId": "00abc", "jobRunId": run}
        return lambda: client.get_job_run(**named)["jobRun"]["state"], f"emr-serverless/00abc/{run}"
    if service == "batch":
        job = client.submit_job(jobName="nightly", jobQueue="q", jobDefinition="d")["jobId"]
        return lambda: client.describe_jobs(jobs=[job])["jobs"][0]["status"], f"batch/nightly/{job}"
    if service == "ecs":
        arn = client.run_task(cluster="c", taskDefinition="family")["tasks"][0]["taskArn"]
        task = arn.rpartition("/")[2]
        return lambda: client.describe_tasks(cluster="c", tasks=[arn])["tasks"][0]["lastStatus"], f"ecs/family/{task}"
    if service == "stepfunctions":
        arn = client.start_execution(stateMachineArn=MACHINE, name="day")["executionArn"]
        return lambda: client.describe_execution(executionArn=arn)["status"], "step-functions/nightly/day"
    if service == "athena":
        query = client.start_query_execution(QueryString="INSERT INTO t VALUES (1)")["QueryExecutionId"]
        asked = {"QueryExecutionId": query}
        return lambda: client.get_query_execution(**asked)["QueryExecution"]["Status"][
            "State"
        ], f"athena/primary/{query}"
    client.create_processing_job(**processing("day"))
    state = "ProcessingJobStatus"
    return lambda: client.describe_processing_job(ProcessingJobName="day")[state], "sagemaker/processing/day"


def processing(name: str) -> dict[str, Any]:
    size = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    return {
        "ProcessingJobName": name,
        "ProcessingResources": {"ClusterConfig": size},
        "AppSpecification": {"ImageUri": "image"},
        "RoleArn": ROLE,
    }


SERVICES = ("emr", "emr-serverless", "batch", "ecs", "stepfunctions", "athena", "sagemaker")


@pytest.mark.parametrize("service", SERVICES)
def test_a_run_goes_on_until_its_time_is_over_however_often_it_is_looked_at(aws: Stand, service: str) -> None:
    state, name = submit(aws, service)
    assert not {state() for _ in range(4)} & set(ENDED)
    assert aws.jobs() == [f"job://{name}"]
    aws.pass_time()
    assert state() in ENDED
    assert aws.jobs() == [f"job://{name}"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_state_is_brought_back_with_its_runs(aws: Stand, service: str) -> None:
    state, name = submit(aws, service)
    going, kept, alarms = state(), aws.emulator.snapshot(), aws.clock.snapshot()
    aws.pass_time()
    assert state() != going
    aws.emulator.restore(kept)
    aws.clock.restore(alarms)
    assert state() == going
    aws.pass_time()
    assert state() != going
    aws.emulator.restore(aws.empty)
    assert aws.jobs() == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_run_that_failed_is_told_and_leaves_nothing(aws: Stand, service: str) -> None:
    labels = ("emr:one", "emr-serverless:00abc", "batch:nightly", "ecs:family")
    labels += ("step-functions:nightly", "athena:primary", "sagemaker:day")
    aws.said.update(dict.fromkeys(labels, "fail"))
    state, _ = submit(aws, service)
    aws.pass_time()
    assert state() in ("FAILED", "Failed", "STOPPED")
    assert aws.jobs() == []


def test_a_client_token_of_emr_serverless_starts_one_run(aws: Stand) -> None:
    client = aws.client("emr-serverless")
    given: dict[str, Any] = {"applicationId": "00abc", "executionRoleArn": ROLE}
    one, two = (client.start_job_run(**given, clientToken="day")["jobRunId"] for _ in range(2))
    other = client.start_job_run(**given, clientToken="next-day")["jobRunId"]
    assert one == two != other
    aws.pass_time()
    assert client.start_job_run(**given, clientToken="day")["jobRunId"] == one


def test_a_client_token_of_athena_starts_one_query_and_is_for_that_alone(aws: Stand) -> None:
    client, token = aws.client("athena"), "2024-01-01" * 4
    one, two = (
        client.start_query_execution(QueryString="SELECT 1", ClientRequestToken=token)["QueryExecutionId"]
        for _ in range(2)
    )
    assert one == two
    again = code(lambda: client.start_query_execution(QueryString="SELECT 2", ClientRequestToken=token))
    assert again == "InvalidRequestException"


@pytest.mark.parametrize(
    ("query", "queries"),
    [
        ("DELETE FROM t", 2),
        ("INSERT INTO t WITH a AS (SELECT 1) SELECT * FROM a", 2),
        ("DROP TABLE t", 2),
        ("CREATE TABLE t AS SELECT 1", 2),
        ("UNLOAD (SELECT 1) TO 's3://b/k' WITH (format = 'PARQUET')", 2),
        ("DROP TABLE IF EXISTS t", 1),
        ("create external table if not exists t (a int)", 1),
        ("-- nightly\n/* of\n a day */ SELECT 1", 1),
        ("WITH a AS (SELECT 1) SELECT * FROM a", 1),
        ("MSCK REPAIR TABLE t", 1),
        ("ALTER TABLE t ADD IF NOT EXISTS PARTITION (d = '2024-01-01')", 1),
    ],
)
def test_a_query_of_athena_that_may_be_repeated_counts_once(aws: Stand, query: str, queries: int) -> None:
    for _ in range(2):
        aws.client("athena").start_query_execution(QueryString=query)
    assert len(aws.jobs()) == queries
    aws.pass_time()
    assert len(aws.jobs()) == queries


def test_a_client_token_of_ecs_runs_one_task(aws: Stand) -> None:
    client = aws.client("ecs")
    one, two = (client.run_task(taskDefinition="f", clientToken="day")["tasks"][0]["taskArn"] for _ in range(2))
    assert one == two


def test_a_task_of_ecs_is_found_by_who_started_it_while_it_runs_and_tells_its_exit_code(aws: Stand) -> None:
    client = aws.client("ecs")
    made = client.run_task(cluster="c", taskDefinition="f", startedBy="me", launchType="FARGATE")["tasks"][0]
    wanted = {"cluster": "c", "startedBy": "me", "desiredStatus": "RUNNING"}
    assert client.list_tasks(**wanted)["taskArns"] == [made["taskArn"]]
    aws.pass_time()
    assert client.list_tasks(**wanted)["taskArns"] == []
    ended = client.describe_tasks(cluster="c", tasks=[made["taskArn"]])["tasks"][0]
    assert (ended["lastStatus"], ended["containers"][0]["exitCode"]) == ("STOPPED", 0)


def test_the_name_of_an_execution_is_taken_once_it_has_ended_and_gives_the_same_one_before(aws: Stand) -> None:
    client = aws.client("stepfunctions")
    given = {"stateMachineArn": MACHINE, "name": "day", "input": "{}"}
    assert client.start_execution(**given)["executionArn"] == client.start_execution(**given)["executionArn"]
    assert code(lambda: client.start_execution(**{**given, "input": '{"a": 1}'})) == "ExecutionAlreadyExists"
    aws.pass_time()
    assert code(lambda: client.start_execution(**given)) == "ExecutionAlreadyExists"


@pytest.mark.parametrize("ended", [False, True])
def test_the_name_of_a_sagemaker_job_can_be_used_once(aws: Stand, ended: bool) -> None:
    client = aws.client("sagemaker")
    client.create_processing_job(**processing("day"))
    aws.pass_time(DURATION * ended)
    assert code(lambda: client.create_processing_job(**processing("day"))) == "ResourceInUse"
    assert code(lambda: client.describe_processing_job(ProcessingJobName="other")) == "ValidationException"


def test_steps_of_emr_run_one_after_the_other_and_a_cluster_ends_with_the_last(aws: Stand) -> None:
    client = aws.client("emr")
    made = client.run_job_flow(Name="c", Instances={"KeepJobFlowAliveWhenNoSteps": False}, Steps=[STEP, STEP])
    cluster = made["JobFlowId"]

    def states() -> list[str]:
        # the newest first, as EMR has it
        steps = client.list_steps(ClusterId=cluster)["Steps"]
        whole = client.describe_cluster(ClusterId=cluster)["Cluster"]["Status"]["State"]
        return sorted(each["Status"]["State"] for each in steps) + [whole]

    assert states() == ["PENDING", "RUNNING", "RUNNING"]
    aws.pass_time()
    assert states() == ["COMPLETED", "RUNNING", "RUNNING"]
    aws.pass_time()
    assert states() == ["COMPLETED", "COMPLETED", "TERMINATED"]
    assert code(lambda: client.add_job_flow_steps(JobFlowId=cluster, Steps=[STEP])) == "ValidationException"


def test_a_cluster_that_is_terminated_takes_its_steps_with_it(aws: Stand) -> None:
    client = aws.client("emr")
    cluster = client.run_job_flow(Name="c", Instances={"KeepJobFlowAliveWhenNoSteps": True}, Steps=[STEP])["JobFlowId"]
    client.terminate_job_flows(JobFlowIds=[cluster])
    aws.pass_time()
    assert aws.jobs() == []
    assert client.list_steps(ClusterId=cluster)["Steps"][0]["Status"]["State"] == "CANCELLED"


def test_a_failed_step_ends_its_cluster_where_it_is_said_to(aws: Stand) -> None:
    client = aws.client("emr")
    aws.said["emr:one"] = "fail"
    step = {**STEP, "ActionOnFailure": "TERMINATE_CLUSTER"}
    cluster = client.run_job_flow(Name="c", Instances={"KeepJobFlowAliveWhenNoSteps": True}, Steps=[step, step])
    aws.pass_time()
    found = client.describe_cluster(ClusterId=cluster["JobFlowId"])["Cluster"]["Status"]["State"]
    assert found == "TERMINATED_WITH_ERRORS"
    assert aws.jobs() == []


def test_a_security_configuration_of_emr_is_kept_under_its_name(aws: Stand) -> None:
    client, given = aws.client("emr"), {"Name": "nightly", "SecurityConfiguration": '{"a": 1}'}
    client.create_security_configuration(**given)
    assert code(lambda: client.create_security_configuration(**given)) == "InvalidRequestException"
    assert aws.jobs() == ["emr://security-configurations/nightly"]
    client.delete_security_configuration(Name="nightly")
    assert aws.jobs() == []


def test_a_job_of_batch_waits_for_those_that_it_depends_on(aws: Stand) -> None:
    client = aws.client("batch")
    given = {"jobQueue": "q", "jobDefinition": "d:3"}
    first = client.submit_job(jobName="first", **given)["jobId"]
    second = client.submit_job(jobName="second", dependsOn=[{"jobId": first}], **given)["jobId"]

    def states() -> list[str]:
        return [client.describe_jobs(jobs=[each])["jobs"][0]["status"] for each in (first, second)]

    assert states() == ["RUNNING", "PENDING"]
    aws.pass_time()
    assert states() == ["SUCCEEDED", "RUNNING"]
    client.terminate_job(jobId=second, reason="enough")
    aws.pass_time()
    assert states() == ["SUCCEEDED", "FAILED"]
    assert [each.rpartition("/")[0] for each in aws.jobs()] == ["job://batch/first"]


def test_two_jobs_of_batch_may_have_one_name(aws: Stand) -> None:
    submit(aws, "batch")
    submit(aws, "batch")
    assert len(aws.jobs()) == 2


@pytest.mark.parametrize(
    ("service", "stop"),
    [
        ("athena", lambda client, name: client.stop_query_execution(QueryExecutionId=name)),
        ("emr-serverless", lambda client, name: client.cancel_job_run(applicationId="00abc", jobRunId=name)),
        ("ecs", lambda client, name: client.stop_task(cluster="c", task=name)),
        ("sagemaker", lambda client, name: client.stop_processing_job(ProcessingJobName=name)),
        (
            "stepfunctions",
            lambda client, name: client.stop_execution(executionArn=EXECUTION),
        ),
        (
            "emr",
            lambda client, name: client.cancel_steps(
                ClusterId="j-ABC", StepIds=[name], StepCancellationOption="TERMINATE_PROCESS"
            ),
        ),
    ],
)
def test_a_run_that_is_stopped_leaves_nothing_and_stays_stopped(aws: Stand, service: str, stop: Any) -> None:
    state, name = submit(aws, service)
    stop(aws.client(service), name.rpartition("/")[2])
    stopped = state()
    aws.pass_time()
    assert state() == stopped
    assert aws.jobs() == []


@pytest.mark.parametrize(
    ("service", "stop"),
    [
        ("athena", lambda client, name: client.stop_query_execution(QueryExecutionId=name)),
        ("ecs", lambda client, name: client.stop_task(cluster="c", task=name)),
        ("stepfunctions", lambda client, name: client.stop_execution(executionArn=EXECUTION)),
        ("batch", lambda client, name: client.terminate_job(jobId=name, reason="late")),
    ],
)
def test_to_stop_a_run_that_has_ended_changes_nothing(aws: Stand, service: str, stop: Any) -> None:
    state, name = submit(aws, service)
    aws.pass_time()
    ended, left = state(), aws.emulator.entries()
    stop(aws.client(service), name.rpartition("/")[2])
    assert (state(), aws.emulator.entries()) == (ended, left)


def test_an_application_of_emr_serverless_that_is_named_is_there_and_started(aws: Stand) -> None:
    found = aws.client("emr-serverless").get_application(applicationId="00abc")["application"]
    assert (found["applicationId"], found["state"]) == ("00abc", "STARTED")


def test_an_application_of_emr_serverless_is_created_first_and_started_when_it_is_told_to(aws: Stand) -> None:
    client = aws.client("emr-serverless")
    given = {"name": "day", "releaseLabel": "emr-7.0.0", "type": "SPARK"}
    one, two = (client.create_application(**given, clientToken="day")["applicationId"] for _ in range(2))
    other = client.create_application(**given, clientToken="next-day")["applicationId"]
    assert one == two != other
    assert aws.jobs() == sorted(f"job://emr-serverless/applications/day/{each}" for each in (one, other))

    def state() -> str:
        return str(client.get_application(applicationId=one)["application"]["state"])

    assert state() == "CREATED"
    run = client.start_job_run(applicationId=one, executionRoleArn=ROLE)["jobRunId"]
    assert state() == "STARTED"
    assert code(lambda: client.stop_application(applicationId=one)) == "ValidationException"
    client.cancel_job_run(applicationId=one, jobRunId=run)
    assert code(lambda: client.delete_application(applicationId=one)) == "ValidationException"
    client.stop_application(applicationId=one)
    client.start_application(applicationId=one)
    assert state() == "STARTED"
    client.stop_application(applicationId=one)
    client.delete_application(applicationId=one)
    assert aws.jobs() == [f"job://emr-serverless/applications/day/{other}"]
    assert state() == "TERMINATED"
    assert code(lambda: client.create_application(**{**given, "releaseLabel": "7"})) == "ValidationException"


def test_a_log_that_nobody_has_written_is_not_there(aws: Stand) -> None:
    read = aws.client("logs").describe_log_streams
    assert code(lambda: read(logGroupName="/aws/sagemaker/TrainingJobs")) == "ResourceNotFoundException"


def test_who_starts_and_who_lists_meet_and_who_looks_at_another_run_does_not(aws: Stand) -> None:
    def touched(service: str, action: str, body: bytes) -> Any:
        signed = f"AWS4-HMAC-SHA256 Credential=testing/20240101/us-east-1/{service}/aws4_request, SignedHeaders=host"
        return aws.emulator.classify(
            request("POST", "/", body=body, Authorization=signed, X_Amz_Target=f"AmazonAthena.{action}")
        )

    _, name = submit(aws, "athena")
    start = touched("athena", "StartQueryExecution", b'{"QueryString": "SELECT 1"}')
    other = touched("athena", "GetQueryExecution", b'{"QueryExecutionId": "%s"}' % name.rpartition("/")[2].encode())
    every = touched("athena", "ListQueryExecutions", b"{}")
    assert start.writes & every.reads
    assert not start.writes & other.reads
