"""Spark applications that outlive their worker, by Airflow's own operator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from laboratory import Laboratory, classes
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Elapse, Kill, Run, Step

pytestmark = pytest.mark.slow
FAKES = """
    import time

    import tiny


    def work(pod):
        time.sleep(60)
        tiny.put("out/report", repr(pod.args[-1:]).encode())
"""
SOURCE = """
    from airflow.providers.cncf.kubernetes.operators.spark_kubernetes import SparkKubernetesOperator
    from airflow.sdk import DAG

    def application(image, **spec):
        return {
            "apiVersion": "sparkoperator.k8s.io/v1beta2",
            "kind": "SparkApplication",
            "spec": {
                "type": "Python", "mode": "cluster", "image": image, "sparkVersion": "3.5.1",
                "mainApplicationFile": "local:///app/report.py", "arguments": ["2024-01-01"],
                "restartPolicy": {"type": "Never"},
                "driver": {"cores": 1, "memory": "1g"}, "executor": {"instances": 2, "memory": "1g"}, **spec,
            },
        }

    with DAG("d", schedule=None, default_args={"retries": 1}):
        SparkKubernetesOperator(task_id="plain", name="report", template_spec=application("fn:1"))
        SparkKubernetesOperator(task_id="keeps", name="report", template_spec=application("fn:1"),
                                delete_on_termination=False)
        SparkKubernetesOperator(task_id="loose", name="report", template_spec=application("fn:1"),
                                reattach_on_restart=False)
        SparkKubernetesOperator(task_id="fails", name="report", template_spec=application("bad:1"))
        SparkKubernetesOperator(task_id="restarts", name="report",
                                template_spec=application("fn:1", restartPolicy={"type": "OnFailure"}))
"""
CREATED = Selector("kubernetes", "create sparkapplications.sparkoperator.k8s.io", ".*", 1)


@pytest.fixture(scope="module")
def path(lab: Laboratory) -> Iterator[Path]:
    lab.write(FAKES, "fakes_spark.py")
    lab.lab.cloud.call("behaviours", {"images": {"fn:*": "fakes_spark:work", "bad:*": "fail"}})
    yield lab.write(SOURCE)
    lab.lab.cloud.call("behaviours", {})


def created(outcome: Outcome) -> int:
    return sum(each.operation.verb == CREATED.verb and each.status == 201 for each in outcome.history)


def left(outcome: Outcome) -> list[str]:
    return sorted(each.kind for name, each in outcome.after.items() if name.startswith("k8s://"))


def test_a_driver_works_and_the_application_is_taken_away(lab: Laboratory, path: Path) -> None:
    outcome = lab.run(path, task_id="plain")
    assert outcome.last.succeeded, outcome.unreachable + outcome.last.log
    assert [each.actor for each in outcome.history if each.operation.verb == "PutObject"] == [
        "pod default/report-driver#1"
    ]
    assert left(outcome) == []


def test_a_driver_that_fails_fails_its_task(lab: Laboratory, path: Path) -> None:
    outcome = lab.run(path, task_id="fails")
    assert outcome.last.state == "failed", outcome.unreachable


def test_an_application_that_its_operator_starts_again_is_refused_by_name(lab: Laboratory, path: Path) -> None:
    outcome = lab.run(path, task_id="restarts")
    assert "restartPolicy OnFailure" in outcome.unreachable


# Task, whether its driver ends before the retry; applications in all, what is left of them
ROWS: list[tuple[str, bool, int, list[str]]] = [
    ("plain", False, 1, []),
    ("plain", True, 1, []),
    ("loose", False, 2, ["k8s-job", "pod"]),  # nobody looks for the first one
    ("keeps", False, 1, ["k8s-job", "pod"]),
]


@pytest.mark.parametrize(("task_id", "ended", "applications", "remains"), ROWS)
def test_a_retry_after_a_kill(
    lab: Laboratory, path: Path, task_id: str, ended: bool, applications: int, remains: list[str]
) -> None:
    steps: tuple[Step, ...] = (Run(1, CREATED), Kill(1), *((Elapse(),) if ended else ()), Run(2))
    outcome = lab.run(path, steps, task_id=task_id, retries=1)
    assert outcome.last.succeeded, outcome.unreachable + outcome.last.log
    assert (created(outcome), left(outcome)) == (applications, remains)


VERDICTS = [
    # one whose driver is evicted before it runs has failed, and nobody takes it away
    ("plain", ["leak", "leak"]),
    ("loose", ["leak", "leak"]),
]


@pytest.mark.parametrize(("task_id", "found"), VERDICTS)
def test_verdicts_of_killed(lab: Laboratory, path: Path, task_id: str, found: list[str]) -> None:
    verdict = lab.check(path, "killed", task_id)
    assert (verdict.reason, classes(verdict)) == (None, found), [each.message for each in verdict.findings]
