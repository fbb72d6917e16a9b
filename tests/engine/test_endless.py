"""A world in which nothing ends: what stops, when, and what is left running."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from laboratory import Laboratory, classes

HEAD = """
import time, boto3
from datetime import timedelta
from airflow.sdk import PokeReturnValue


def submit():
    made = boto3.client("batch").submit_job(jobName="nightly", jobQueue="q", jobDefinition="d")
    return made["jobId"]


def ended(job):
    return boto3.client("batch").describe_jobs(jobs=[job])["jobs"][0]["status"] in ("SUCCEEDED", "FAILED")


def wait(job):
    while not ended(job):
        time.sleep(30)


def cancel(job):
    boto3.client("batch").terminate_job(jobId=job, reason="enough")
"""
BOUNDED = "@task(execution_timeout=timedelta(hours=4))"
SUBMITTER = "@task\ndef t(): return submit()"
SENSOR = "@task.sensor(timeout=7200, mode='{}')\ndef sense(job): return ended(job)"
WAITER = "@task\ndef w(job): wait(job)"
CANCELLER = '@task(trigger_rule="one_failed")\ndef stop(job): cancel(job)'


@pytest.fixture(autouse=True)
def jobs(lab: Laboratory) -> Iterator[None]:
    lab.lab.cloud.call("behaviours", {"jobs": {"*": "succeed"}})
    yield
    lab.lab.cloud.call("behaviours", {})


def test_a_task_that_waits_for_ever_is_bounded_by_nothing(lab: Laboratory) -> None:
    verdict = lab.check(lab.task("wait(submit())", head=HEAD), "endless")
    assert classes(verdict) == ["cannot-finish"], verdict.reason
    said = re.fullmatch(
        r"Bounded by nothing: batch:nightly never ends, and the task waits for it for ever \((\d\d) days were tried\)\.",
        verdict.findings[0].message,
    )
    assert said
    assert int(said[1]) > 50


def test_an_execution_timeout_bounds_the_wait_and_not_the_job(lab: Laboratory) -> None:
    verdict = lab.check(lab.task("wait(submit())", head=HEAD, decorator=BOUNDED), "endless")
    assert classes(verdict) == ["left-running"], verdict.reason
    assert verdict.verdict == "warn"
    assert verdict.findings[0].message == (
        "The task ends failed after 4 hours (AirflowTaskTimeout), and batch:nightly is left running, bounded by nothing."
    )


@pytest.mark.slow
def test_each_try_that_leaves_a_job_running_leaves_one_more(lab: Laboratory) -> None:
    verdict = lab.check(lab.task("wait(submit())", head=HEAD, decorator=BOUNDED, retries=1), "endless")
    assert classes(verdict) == ["left-running"], verdict.reason
    assert verdict.findings[0].message == (
        "The task ends failed after 8 hours (AirflowTaskTimeout), 2 tries, and 2 runs of batch:nightly are left running,"
        " bounded by nothing."
    )


@pytest.mark.slow
def test_tries_that_are_not_run_count_for_the_bound(lab: Laboratory) -> None:
    path = lab.task("wait(submit())", head=HEAD, decorator=BOUNDED, retries=9)
    assert "4 tries; Airflow makes 6 more, so at most 40 hours" in lab.check(path, "endless").findings[0].message


@pytest.mark.slow
def test_a_task_that_cancels_its_job_when_its_time_is_over_keeps_to_its_bound(lab: Laboratory) -> None:
    body = "job = submit()\ntry:\n    wait(job)\nfinally:\n    cancel(job)"
    verdict = lab.check(lab.task(body, head=HEAD, decorator=BOUNDED), "endless")
    assert verdict.verdict == "pass", verdict
    assert verdict.notes == (
        "bound: where batch:nightly never ends, the task ends failed after 4 hours (AirflowTaskTimeout),"
        " and nothing is left running",
    )


def test_a_job_for_which_nobody_waits_is_an_orphan(lab: Laboratory) -> None:
    verdict = lab.check(lab.file(SUBMITTER, head=HEAD), "endless")
    assert classes(verdict) == ["orphan"], verdict.reason
    assert "no task after t waits for it" in verdict.findings[0].message


@pytest.mark.slow
def test_a_task_after_the_one_that_submits_waits_for_ever(lab: Laboratory) -> None:
    verdict = lab.check(lab.file(SUBMITTER, WAITER, head=HEAD, order="w(t())"), "endless")
    assert classes(verdict) == ["cannot-finish"], verdict.reason
    assert "w, which comes after it, waits for it for ever" in verdict.findings[0].message


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["poke", "reschedule"])
def test_the_time_out_of_a_sensor_after_it_is_the_bound(lab: Laboratory, mode: str) -> None:
    verdict = lab.check(lab.file(SUBMITTER, SENSOR.format(mode), head=HEAD, order="sense(t())"), "endless")
    assert classes(verdict) == ["left-running"], verdict.reason
    assert verdict.findings[0].message.startswith("Sense ends failed after 2 hours (AirflowSensorTimeout), and batch")


@pytest.mark.slow
def test_a_task_that_runs_when_the_sensor_has_given_up_may_cancel_the_job(lab: Laboratory) -> None:
    order = "job = t()\nsense(job) >> stop(job)"
    path = lab.file(SUBMITTER, SENSOR.format("poke"), CANCELLER, head=HEAD, order=order)
    verdict = lab.check(path, "endless")
    assert verdict.verdict == "pass", (verdict.reason, verdict.findings)
    assert "sense ends failed after 2 hours (AirflowSensorTimeout), and nothing is left running" in verdict.notes[-1]


def test_a_limit_of_the_jobs_own_is_a_bound(lab: Laboratory) -> None:
    start = 'run = boto3.client("glue").start_job_run(JobName="nightly", Timeout=180)'
    verdict = lab.check(lab.task(start, head=HEAD), "endless")
    assert verdict.verdict == "pass", (verdict.reason, verdict.findings)
    assert verdict.notes == (
        "bound: where glue:nightly never ends, its service ends it after 3 hours, and no task waits for it",
    )


def test_a_task_that_starts_nothing_has_nothing_that_could_be_endless(lab: Laboratory) -> None:
    verdict = lab.check(lab.task("time.sleep(60)", head=HEAD), "endless")
    assert verdict.verdict == "pass"
    assert verdict.notes == ("it starts no pod and no job that runs by itself, so nothing in it can be endless",)


@pytest.mark.slow
def test_a_finding_is_repeated_by_its_token(lab: Laboratory) -> None:
    path = lab.file(SUBMITTER, WAITER, head=HEAD, order="w(t())")
    found = lab.check(path, "endless").findings[0]
    again = lab.check(path, "endless", replay=found.replay)
    assert [each.message for each in again.findings] == [found.message]
