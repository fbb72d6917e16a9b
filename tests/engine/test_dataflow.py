"""Google's own operators of Dataflow: their clients take no endpoint, and reach the emulator by the proxy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from laboratory import Laboratory, classes
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Run
from pytest_dagguard.model.seed import Seed

JOBS = {
    "dataflow:parts*": "dataflow_standins:parts",
    "dataflow:writes*": "dataflow_standins:writes",
    "dataflow:stuck*": "never-ends",
}
STANDINS = """
    import uuid
    import tiny


    def parts(job):
        for _ in range(2):
            tiny.put(f"training/ds=2024-01-01/part-{uuid.uuid4()}", b"watched")


    def writes(job):
        tiny.put(f"out/part-{job.id}", job.arguments["day"].encode())
"""
HEAD = """
    from airflow.providers.google.cloud.operators.dataflow import (
        DataflowStartFlexTemplateOperator, DataflowStopJobOperator, DataflowTemplatedJobStartOperator
    )
    from airflow.providers.google.cloud.sensors.dataflow import DataflowJobMessagesSensor, DataflowJobStatusSensor
    from airflow.sdk import DAG

    GO_ON = {"append_job_name": False, "wait_until_finished": False, "location": "europe-west1"}
    with DAG("d", schedule=None):
        """
SEED = Seed(connections={"google_cloud_default": {"conn_type": "google_cloud_platform"}})


@pytest.fixture(scope="module", autouse=True)
def jobs(lab: Laboratory) -> Iterator[None]:
    lab.write(STANDINS, "dataflow_standins.py")
    lab.lab.cloud.call("behaviours", {"jobs": JOBS})
    yield
    lab.lab.cloud.call("behaviours", {})


def attempt(lab: Laboratory, operator: str) -> Outcome:
    return lab.run(lab.write(HEAD + operator), (Run(1),), seed=SEED)


def jobs_of(outcome: Outcome) -> list[str]:
    return [name for name in outcome.after if name.startswith("job://dataflow/")]


TEMPLATED = (
    'DataflowTemplatedJobStartOperator(task_id="t", template="gs://t/t", job_name="{}", parameters={{"day": "1"}}, {})'
)


@pytest.mark.slow
def test_a_templated_job_is_started_and_waited_for(lab: Laboratory) -> None:
    outcome = attempt(lab, TEMPLATED.format("writes", ""))
    assert (outcome.unreachable, outcome.last.state) == ("", "success"), outcome.last.log
    puts = [each for each in outcome.history if each.operation.verb == "PutObject"]
    assert [each.actor for each in puts] == ["job dataflow:writes#1"]
    assert len(jobs_of(outcome)) == 1


DEFERRED = {
    "templated": TEMPLATED.format("writes", "deferrable=True"),
    "flex": """DataflowStartFlexTemplateOperator(
            task_id="t", location="europe-west1", append_job_name=False, deferrable=True,
            body={"launchParameter": {
                "jobName": "writes", "containerSpecGcsPath": "gs://t/t", "parameters": {"day": "1"}
            }},
        )""",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", DEFERRED)
def test_the_trigger_of_a_deferred_task_asks_over_grpc(lab: Laboratory, kind: str) -> None:
    outcome = attempt(lab, DEFERRED[kind])
    assert (outcome.unreachable, outcome.last.state) == ("", "success"), outcome.last.log
    asked = [each.operation for each in outcome.history if each.operation.service == "dataflow"]
    assert {each.verb for each in asked[1:]} == {"jobs.get"}
    assert len(asked) > 2
    assert len(jobs_of(outcome)) == 1


SENSED = """DataflowTemplatedJobStartOperator(
            task_id="start", template="gs://t/t", job_name="writes", parameters={"day": "1"}, **GO_ON
        )
        SENSE = {
            "job_id": "{{ ti.xcom_pull('start') }}",
            "location": "europe-west1",
            "deferrable": True,
            "fail_on_terminal_state": False,
        }
        status = {key: each for key, each in SENSE.items() if key != "fail_on_terminal_state"}
        DataflowJobStatusSensor(task_id="status", expected_statuses={"JOB_STATE_DONE"}, **status)
        DataflowJobMessagesSensor(task_id="messages", **SENSE)
"""
ASKED = {
    "status": {"jobs.get"},
    "messages": {"jobs.get", "jobs.messages.list"},
}


@pytest.mark.slow
@pytest.mark.parametrize("sensor", ASKED)
def test_a_sensor_that_is_deferred_asks_over_grpc(lab: Laboratory, sensor: str) -> None:
    outcome = lab.chain(lab.write(HEAD + SENSED), "start", sensor, seed=SEED)
    assert (outcome.unreachable, outcome.last.state) == ("", "success"), outcome.last.log
    asked = {each.operation.verb for each in outcome.history if each.operation.service == "dataflow"}
    assert asked == ASKED[sensor]


STEPS = """DataflowStartFlexTemplateOperator(
            task_id="start", location="europe-west1", append_job_name=False, wait_until_finished=False,
            body={"launchParameter": {"jobName": "stuck", "containerSpecGcsPath": "gs://t/t"}},
        )
        DataflowJobStatusSensor(
            task_id="wait", job_id="{{ ti.xcom_pull('start', key='job_id') }}", location="europe-west1",
            expected_statuses={"JOB_STATE_RUNNING"},
        )
        DataflowStopJobOperator(task_id="stop", job_name_prefix="stuck", location="europe-west1", drain_pipeline=False)
"""


@pytest.mark.slow
def test_a_flex_template_is_started_sensed_and_stopped(lab: Laboratory) -> None:
    path = lab.write(HEAD + STEPS)
    sensed = lab.chain(path, "start", "wait", seed=SEED)
    assert (sensed.unreachable, sensed.last.state) == ("", "success"), sensed.last.log
    assert len(jobs_of(sensed)) == 1
    stopped = lab.chain(path, "start", "stop", seed=SEED)
    assert (stopped.unreachable, stopped.last.state) == ("", "success"), stopped.last.log
    assert jobs_of(stopped) == []
    polls = [each.operation.verb for each in stopped.history if each.operation.service == "dataflow"]
    assert polls[:2] == ["jobs.list", "jobs.list"]
    assert "jobs.update" in polls


@pytest.mark.slow
def test_a_retry_beside_the_job_of_a_killed_task_doubles_what_they_write_into_one_folder(lab: Laboratory) -> None:
    # by default each job's name gets a random end, so that a second one is not refused
    operator = 'DataflowTemplatedJobStartOperator(task_id="t", template="gs://t/t", job_name="parts", retries=1)'
    verdict = lab.check(lab.write(HEAD + operator), "killed", seed=SEED)
    assert {"duplicate", "started-twice"} <= set(classes(verdict)), verdict.reason
    doubled = next(each for each in verdict.findings if each.cls == "duplicate")
    assert doubled.resource == "s3://training/ds=2024-01-01/part-<uuid>"
    assert "4 objects where one clean run leaves 2" in doubled.message
