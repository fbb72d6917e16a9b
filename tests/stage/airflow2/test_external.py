"""Waiting for other DAGs under Airflow 2.11: sensors and triggers of Airflow itself and of the standard provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from laboratory import RUN_ID, Laboratory
from pytest_dagguard.engine.experiment import carry_out
from pytest_dagguard.engine.lab import Subject
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Run

from .old_files import dag, verbs

BOTH = pytest.mark.parametrize("place", ["airflow", "airflow.providers.standard"])


@pytest.fixture(scope="module", autouse=True)
def children(lab: Laboratory) -> Iterator[None]:
    lab.lab.cloud.call("behaviours", {"children": {"bad": "fail after 3600", "stuck": "never-ends"}})
    yield
    lab.lab.cloud.call("behaviours", {})


def waiting(lab: Laboratory, place: str, arguments: str, child: str = "child") -> Path:
    """A file whose task ``begin`` starts a run of another DAG, and ``t`` waits for that."""
    source = f"""
from {place}.sensors.external_task import ExternalTaskSensor
from {place}.operators.trigger_dagrun import TriggerDagRunOperator
begin = TriggerDagRunOperator(task_id="begin", trigger_dag_id="{child}", logical_date="{{{{ ts }}}}")
begin >> ExternalTaskSensor(task_id="t", external_dag_id="{child}", poke_interval=60, timeout=7200, {arguments})
"""
    return dag(lab, source)


def ended(outcome: Outcome) -> tuple[str, str]:
    assert outcome.unreachable == ""
    return outcome.last.state, outcome.last.error_kind.rpartition(".")[2]


@pytest.mark.parametrize("more", ["", "mode='reschedule'", "deferrable=True", "check_existence=True"])
@BOTH
def test_a_run_that_comes_to_its_end_is_waited_for(lab: Laboratory, place: str, more: str) -> None:
    outcome = lab.chain(waiting(lab, place, more), "begin", "t")
    assert ended(outcome) == ("success", ""), outcome.last.log
    assert "dagrun.count" in verbs(outcome)


@pytest.mark.parametrize("mode", ["poke", "reschedule"])
@BOTH
def test_one_that_never_ends_is_waited_for_until_the_time_out(lab: Laboratory, place: str, mode: str) -> None:
    outcome = lab.chain(waiting(lab, place, f"mode={mode!r}", child="stuck"), "begin", "t")
    assert ended(outcome) == ("failed", "AirflowSensorTimeout")
    assert verbs(outcome).count("dagrun.count") > 10


@BOTH
def test_a_run_that_fails_fails_the_sensor_that_looks_for_it(lab: Laboratory, place: str) -> None:
    outcome = lab.chain(waiting(lab, place, "failed_states=['failed']", child="bad"), "begin", "t")
    state, error = ended(outcome)
    assert state == "failed"
    assert error in ("AirflowException", "ExternalDagFailedError")


@BOTH
def test_the_tasks_of_another_dag_are_counted(lab: Laboratory, place: str) -> None:
    source = f"""
from {place}.sensors.external_task import ExternalTaskSensor
@task
def a(): ...
@task
def b(): ...
a(); b()
ExternalTaskSensor(task_id="t", external_dag_id="d", external_task_ids=["a", "b"], check_existence=True, timeout=600)
"""
    path = dag(lab, source)
    assert ended(lab.chain(path, "a", "t")) == ("failed", "AirflowSensorTimeout")
    assert ended(lab.chain(path, "a", "b", "t")) == ("success", "")


@pytest.mark.parametrize(
    ("states", "end"), [(("success", "success"), "success"), (("success", "failed"), "failed"), ((), "failed")]
)
@BOTH
def test_the_tasks_of_a_group_are_counted(lab: Laboratory, place: str, states: tuple[str, ...], end: str) -> None:
    source = f"""
from {place}.sensors.external_task import ExternalTaskSensor
ExternalTaskSensor(task_id="t", external_dag_id="other", external_task_group_id="{"g" if states else "none"}", timeout=600)
"""
    path = dag(lab, source)
    airflow = [
        ("tasks", {"dag_id": "other", "task_ids": ["a", "b", "c"], "groups": {"g": ["a", "b"]}}),
        ("dag_run", {"dag_id": "other", "run_id": "one", "logical_date": "2024-01-01T00:00:00Z"}),
        *(
            ("state", {"dag_id": "other", "run_id": "one", "task_id": task_id, "state": state})
            for task_id, state in zip("ab", states, strict=False)
        ),
    ]
    lab.lab.cloud.call("restore", lab.start())
    for name, payload in airflow:
        lab.lab.cloud.call("command", "airflow", name, payload)
    subject = Subject(str(path), "d", "t", RUN_ID, tasks=("t",))
    start = lab.lab.cloud.call("snapshot")
    outcome, _ = carry_out(lab.lab, subject, start, (Run(1),), (0.0,), cleared=False)
    assert ended(outcome)[0] == end, outcome.last.log


@BOTH
def test_a_group_of_which_nothing_is_known_is_no_evidence(lab: Laboratory, place: str) -> None:
    source = f"""
from {place}.sensors.external_task import ExternalTaskSensor
ExternalTaskSensor(task_id="t", external_dag_id="other", external_task_group_id="g", timeout=600)
"""
    assert "the task groups of DAG other have to be known" in lab.run(dag(lab, source)).unreachable


@pytest.mark.parametrize(
    ("child", "state"), [("child", "success"), ("bad", "up_for_retry")], ids=["a run that succeeds", "one that fails"]
)
@BOTH
def test_a_deferred_trigger_goes_on_with_the_run_that_it_waited_for(
    lab: Laboratory, place: str, child: str, state: str
) -> None:
    source = f"""
from {place}.operators.trigger_dagrun import TriggerDagRunOperator
TriggerDagRunOperator(
    task_id="t", trigger_dag_id="{child}", wait_for_completion=True, deferrable=True, retries=1, poke_interval=60
)
"""
    outcome = lab.run(dag(lab, source), retries=1)
    assert ended(outcome)[0] == state, outcome.last.log
    assert verbs(outcome).count("ti.start") == 2
    assert verbs(outcome).count("dagrun.count") > 5


@BOTH
def test_a_trigger_that_skips_what_is_there_misses_no_link(lab: Laboratory, place: str) -> None:
    source = f"""
from {place}.operators.trigger_dagrun import TriggerDagRunOperator
TriggerDagRunOperator(
    task_id="t", trigger_dag_id="child", trigger_run_id="day-{{{{ ds }}}}", skip_when_already_exists=True, retries=1
)
"""
    path = dag(lab, source)
    for scenario in ("twice", "killed"):
        verdict = lab.check(path, scenario)
        assert (verdict.verdict, verdict.findings) == ("pass", ()), scenario
