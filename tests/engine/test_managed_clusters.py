"""Pods of managed clusters by their own operators, with nothing changed in the DAG: EKS and GKE."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from laboratory import Laboratory
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Elapse, Kill, Run, Step

pytestmark = pytest.mark.slow
SOURCE = """
    from airflow.providers.amazon.aws.operators.eks import EksPodOperator
    from airflow.providers.google.cloud.operators.kubernetes_engine import GKEStartPodOperator
    from airflow.sdk import DAG, task

    AWS = {"cluster_name": "production", "image": "ok:1", "region": "eu-west-1"}
    GOOGLE = {"cluster_name": "production", "location": "europe-west1", "project_id": "datalab", "image": "ok:1"}

    with DAG("d", schedule=None, default_args={"retries": 1}):
        EksPodOperator(task_id="eks", pod_name="train", **AWS)
        EksPodOperator(task_id="eks_defers", pod_name="train", deferrable=True, **AWS)
        GKEStartPodOperator(task_id="gke", name="train", **GOOGLE)
        GKEStartPodOperator(task_id="gke_inside", name="train", use_internal_ip=True, **GOOGLE)
        GKEStartPodOperator(task_id="gke_defers", name="train", deferrable=True, **GOOGLE)

        @task
        def makes_a_cluster():
            import boto3

            boto3.client("eks", region_name="eu-west-1").create_cluster(
                name="new", roleArn="arn:aws:iam::123456789012:role/r", resourcesVpcConfig={})

        makes_a_cluster()
"""
CREATED = Selector("kubernetes", "create pods", ".*", 1)


@pytest.fixture(scope="module")
def path(lab: Laboratory) -> Iterator[Path]:
    lab.lab.cloud.call("behaviours", {"images": {"ok:*": "succeed"}})
    yield lab.write(SOURCE)
    lab.lab.cloud.call("behaviours", {})


def created(outcome: Outcome) -> int:
    return sum(each.operation.verb == "create pods" and each.status == 201 for each in outcome.history)


@pytest.mark.parametrize("task_id", ["eks", "eks_defers", "gke", "gke_inside", "gke_defers"])
def test_a_pod_runs_and_is_taken_away(lab: Laboratory, path: Path, task_id: str) -> None:
    outcome = lab.run(path, task_id=task_id)
    assert outcome.unreachable == ""
    assert outcome.last.succeeded, outcome.last.log
    assert created(outcome) == 1
    assert not [name for name in outcome.after if "/pods/" in name]


@pytest.mark.parametrize(("task_id", "ended", "pods"), [("eks", False, 1), ("eks", True, 2), ("gke", False, 1)])
def test_a_retry_after_a_kill(lab: Laboratory, path: Path, task_id: str, ended: bool, pods: int) -> None:
    steps: tuple[Step, ...] = (Run(1, CREATED), Kill(1), *((Elapse(),) if ended else ()), Run(2))
    outcome = lab.run(path, steps, task_id=task_id, retries=1)
    assert outcome.last.succeeded, outcome.last.log
    assert created(outcome) == pods
    assert not [name for name in outcome.after if "/pods/" in name]


def test_a_cluster_is_not_made(lab: Laboratory, path: Path) -> None:
    outcome = lab.run(path, task_id="makes_a_cluster")
    assert outcome.group == "need EKS"
    assert "DescribeCluster is emulated" in outcome.unreachable
