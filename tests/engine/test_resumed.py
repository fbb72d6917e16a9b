"""Tasks that end for now: sensors in reschedule mode and tasks that defer themselves go on as Airflow lets them."""

from __future__ import annotations

import pytest

from laboratory import Laboratory, classes
from older import AIRFLOW
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.seed import Seed

SOURCE = """
    from datetime import datetime, timedelta, timezone

    import tiny
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.providers.standard.sensors.python import PythonSensor
    from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
    from airflow.sdk import DAG, BaseOperator
    from airflow.triggers.temporal import TimeDeltaTrigger


    SINCE = datetime.now(timezone.utc) - datetime(2024, 1, 1, tzinfo=timezone.utc)


    def is_there():
        return tiny.get("inbox/ready") is not None


    class Twice(BaseOperator):
        def execute(self, context):
            tiny.put("out/before", b"1")
            self.defer(trigger=TimeDeltaTrigger(timedelta(hours=3)), method_name="done", kwargs={"more": [1, 2]})

        def done(self, context, event, more):
            tiny.put("out/after", str(more).encode())


    class Hasty(Twice):
        def execute(self, context):
            self.defer(
                trigger=TimeDeltaTrigger(timedelta(hours=3)), method_name="done", timeout=timedelta(minutes=5)
            )


    with DAG("d", schedule=None):
        PythonSensor(task_id="pokes", python_callable=is_there, timeout=86400)
        PythonSensor(task_id="again", python_callable=is_there, timeout=86400, mode="reschedule")
        TimeDeltaSensor(task_id="waits", delta=SINCE + timedelta(days=2), deferrable=True)
        TriggerDagRunOperator(task_id="child", trigger_dag_id="x", wait_for_completion=True)
        TriggerDagRunOperator(task_id="deferred_child", trigger_dag_id="x", wait_for_completion=True, deferrable=True)
        Twice(task_id="twice")
        Hasty(task_id="hasty")
"""


@pytest.fixture(scope="module")
def path(lab: Laboratory):
    return lab.write(SOURCE)


def verbs(outcome: Outcome) -> list[str]:
    return [each.operation.verb for each in outcome.history]


@pytest.mark.parametrize("task_id", ["pokes", "again"])
def test_a_sensor_waits_until_its_timeout(lab: Laboratory, path, task_id: str) -> None:
    outcome = lab.run(path, task_id=task_id)
    assert (outcome.last.state, outcome.last.error.split(":")[0]) == ("failed", "AirflowSensorTimeout")
    assert verbs(outcome).count("GetObject") > 10
    assert verbs(outcome).count("ti.start") == (1 if task_id == "pokes" else verbs(outcome).count("GetObject"))


@pytest.mark.parametrize("task_id", ["pokes", "again", "waits", "child", "deferred_child", "twice"])
def test_what_it_waits_for_comes(lab: Laboratory, path, task_id: str) -> None:
    outcome = lab.run(path, task_id=task_id, seed=Seed(s3={"inbox": {"ready": b""}, "out": {}}))
    assert outcome.last.state == "success", outcome.last.log
    assert not outcome.unreachable


def test_a_deferred_task_goes_on_with_what_it_left_and_is_one_attempt(lab: Laboratory, path) -> None:
    outcome = lab.run(path, task_id="twice", seed=Seed(s3={"out": {}}))
    assert lab.lab.content(outcome.after["s3://out/after"].digest) == b"[1, 2]"
    assert list(outcome.results) == ["attempt 1"]
    assert verbs(outcome).count("ti.start") == 2
    assert dict(outcome.last.details)["parts"] == 3


def test_a_trigger_that_takes_too_long_fails_its_task(lab: Laboratory, path) -> None:
    outcome = lab.run(path, task_id="hasty")
    assert outcome.last.state == "failed"
    assert ("TaskDeferralTimeout" if AIRFLOW >= (3, 0) else "TaskDeferralError") in outcome.last.error


def test_scenarios_try_a_deferred_task_before_and_after_its_wait(lab: Laboratory, path) -> None:
    seed = Seed(s3={"out": {}})
    verdict = lab.check(path, "killed", "twice", seed=seed)
    assert (verdict.verdict, classes(verdict), verdict.reason) == ("pass", [], None)
    assert verdict.checked.kill_states == (2, 2)


def test_a_retry_starts_a_child_run_again(lab: Laboratory, path) -> None:
    verdict = lab.check(path, "killed", "child")
    assert (verdict.verdict, classes(verdict)) == ("fail", ["started-twice"]), verdict.reason
