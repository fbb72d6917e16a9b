"""Reasons are true, name what is missing, and are counted by what would unlock them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_dagguard.engine import reasons
from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.history import Event
from pytest_dagguard.model.operation import Operation
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.state import Entry

ENDED = AttemptResult("attempt 1", "success")
GLUE = ("attempt 1", "glue", "StartJobRun", "no emulator answers it", False)
TASK = Task("t", "op")


def test_evidence_needs_no_reason() -> None:
    assert reasons.of_evidence([ENDED], [], [], reasons.NONE) == reasons.NONE


def test_a_refused_call_comes_before_what_followed_from_it() -> None:
    reached = replace(ENDED, egress=("bigquery.googleapis.com:443",))
    stalled = ("attempt 1 waits", "wait")
    reason, group = reasons.of_evidence([reached], [GLUE], [], stalled)
    assert group == "need Glue"
    assert "calls glue StartJobRun, which is not emulated" in reason
    reason, group = reasons.of_evidence([reached], [], [], stalled)
    assert group == "need BigQuery"
    assert "connects to bigquery.googleapis.com:443 (BigQuery)" in reason
    assert reasons.of_evidence([ENDED], [], ["api.example.com:443"], stalled)[1] == "need api.example.com"
    assert reasons.of_evidence([ENDED], [], [], stalled) == stalled


def test_a_success_after_a_refused_connection_is_no_evidence() -> None:
    assert reasons.of_evidence([replace(ENDED, egress=("x.example.com:22",))], [], [], reasons.NONE)[1]


def test_a_sensor_is_told_what_to_do() -> None:
    kind = "airflow.sdk.exceptions.AirflowSensorTimeout"
    poked = replace(ENDED, state="failed", error="AirflowSensorTimeout: Sensor has timed out", error_kind=kind)
    reason, group = reasons.of_failure(poked, Outcome({}, {}, (), {"attempt 1": poked}), TASK, "seed")
    assert group == "waiting sensor"
    assert "put into the seed (seed) what it waits for" in reason


def test_a_sensor_says_what_it_looked_for_in_vain() -> None:
    poked = replace(ENDED, state="failed", error="Sensor has timed out", error_kind="airflow.AirflowSensorTimeout")
    look = Event("attempt 1", 1, Operation("s3", "HeadObject", "s3://raw/2024-01-01/_SUCCESS"), 404)
    outcome = Outcome({}, {}, (look, replace(look, index=2)), {"attempt 1": poked})
    reason, _ = reasons.of_failure(poked, outcome, TASK, "seed")
    absent = "s3://raw/2024-01-01/_SUCCESS is not there; put it at seed/s3/raw/2024-01-01/_SUCCESS"
    assert reason == f"the sensor's condition is not met: {absent}"
    folder = frozenset({"gs://raw/2024-01-01/*"})
    listed = replace(look, status=200, operation=Operation("gcs", "objects.list", "gs://raw/2024-01-01/*", folder))
    reason, _ = reasons.of_failure(poked, replace(outcome, history=(listed,)), TASK, "seed")
    assert "gs://raw/2024-01-01/* is not there; put it at seed/gcs/raw/2024-01-01/*" in reason
    there = {"gs://raw/2024-01-01/a": Entry("object", "", 1)}
    reason, _ = reasons.of_failure(poked, replace(outcome, history=(listed,), after=there), TASK, "seed")
    assert "it looked at gs://raw/2024-01-01/*; put into the seed (seed) what it waits for" in reason


def test_a_sensor_that_looks_for_runs_of_another_dag_names_it() -> None:
    poked = replace(ENDED, state="failed", error="Sensor has timed out", error_kind="airflow.AirflowSensorTimeout")
    look = Event("attempt 1", 1, Operation("airflow", "ti.count", "ti://sales/*"), 200)
    reason, _ = reasons.of_failure(poked, Outcome({}, {}, (look,), {"attempt 1": poked}), TASK, "seed")
    assert "it looks for runs of DAG sales, and there is none here" in reason


def test_a_connection_that_nobody_takes_is_told_as_that() -> None:
    failed = replace(ENDED, state="failed", error="ConnectionRefusedError: [Errno 111] Connection refused")
    reason, group = reasons.of_failure(failed, Outcome({}, {}, (), {"attempt 1": failed}), TASK, "seed")
    assert group == "need a server"
    assert "nothing listens but the emulators" in reason


def test_a_wait_without_an_end_is_told_from_one_that_is_not_seen() -> None:
    for_ever = reasons.of_giving_up("attempt 1", "waits for ever: nothing had ended it after 60 days")
    unseen = reasons.of_giving_up("attempt 1", "waits: after 3 operations it did nothing for 10 s")
    assert (for_ever[1], unseen[1]) == ("wait for ever", "wait")
    assert "execution_timeout" in for_ever[0]
    assert "is not simulated" in unseen[0]


@pytest.mark.parametrize("state", reasons.RESUMES)
def test_a_task_that_goes_on_later(state: str) -> None:
    assert reasons.of_evidence([replace(ENDED, state=state)], [], [], reasons.NONE)[0].startswith("the task ")


def failure(error: str, *missing: str, task: Task = TASK) -> reasons.Reason:
    history = tuple(
        Event("attempt 1", number, Operation("any", "get", name), 404) for number, name in enumerate(missing)
    )
    result = AttemptResult("attempt 1", "failed", error=error)
    return reasons.of_failure(result, Outcome({}, {}, history, {"attempt 1": result}), task, "seed")


def test_what_is_missing_is_named_with_its_place() -> None:
    assert "seed/s3/raw/a.csv" in failure("ClientError: NoSuchKey", "s3://raw/a.csv")[0]
    assert "seed/connections.json" in failure("The conn_id `lake` isn't defined", "connection://lake")[0]
    assert failure("The conn_id `lake` isn't defined", "connection://lake")[1] == "lack connections"


def test_a_look_for_an_own_old_xcom_is_not_what_is_missing() -> None:
    error = 'XComNotFound: XComArg result from make at d with key="id" is not found!'
    reason, group = failure(error, "xcom://d/run/make/id", "xcom://d/run/drop/link")
    assert group == "lack seed data"
    assert "xcom://d/run/make/id" in reason
    assert "drop/link" not in reason


def test_a_task_that_runs_after_failures_may_be_meant_to_fail() -> None:
    assert failure("Boom", task=replace(TASK, trigger_rule="one_failed"))[1] == "run after a failure"


@pytest.mark.parametrize(
    "log",
    [
        "2026 [info     ] Output: [airflow.task.hooks.a.SubprocessHook] loc=subprocess.py:92\n"
        "2026 [info     ] git: no  such ref    [airflow.task.hooks.a.SubprocessHook] loc=subprocess.py:106\n"
        "2026 [info     ] Command exited with return code 1 [airflow.task.hooks.a.SubprocessHook] loc=subprocess.py:115\n",
        "[2026-01-01 00:00:00] {subprocess.py:93} INFO - git: no such ref\n"
        "[2026-01-01 00:00:00] {subprocess.py:97} INFO - Command exited with return code 1\n",
    ],
    ids=["Airflow 3", "Airflow 2"],
)
def test_a_command_that_fails_is_told_with_what_it_printed(log: str) -> None:
    error = "AirflowException: Bash command failed. The command returned a non-zero exit code 1."
    failed = replace(ENDED, state="failed", error=error, log=log)
    reason, _ = reasons.of_failure(failed, Outcome({}, {}, (), {"attempt 1": failed}), TASK, "seed")
    assert reason == f"the clean run fails: {error} It printed last: git: no such ref"


def test_a_refusal_of_the_cluster_is_told_with_its_reason() -> None:
    error = (
        "ApiException: (422)\nReason: Unprocessable Entity\nHTTP response headers: HTTPHeaderDict({'Server': 'x'})\n"
        'HTTP response body: {"kind": "Status", "message": "spec.containers[0].image: Required", "code": 422}'
    )
    failed = replace(ENDED, state="failed", error=error)
    reason, _ = reasons.of_failure(failed, Outcome({}, {}, (), {"attempt 1": failed}), TASK, "seed")
    assert reason.endswith("ApiException: (422) Reason: Unprocessable Entity: spec.containers[0].image: Required")


def test_credentials_are_not_there_on_purpose() -> None:
    assert failure("DefaultCredentialsError: Your default credentials were not found")[1] == "need credentials"


def test_mapped_over_nothing() -> None:
    assert reasons.of_mapping(["x"], 0)[1] == "mapped over nothing"
    assert reasons.of_mapping(["x"], None)[1] == "lack seed data"


def test_a_bucket_that_cannot_be_there_is_not_asked_for() -> None:
    reason, group = failure("NoSuchBucket: The specified bucket does not exist", "s3://TODO/a.csv")
    assert "no bucket can have the name 'TODO'" in reason
    assert "put it at" not in reason
    assert group == reasons.FAILS
