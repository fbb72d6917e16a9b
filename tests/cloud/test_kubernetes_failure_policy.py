"""A Job's ``podFailurePolicy``: failures that end it, that do not count, and that count as without one."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.rest import ApiException

from kubernetes_server import Site, job
from pytest_dagguard.model.life import Death

DISRUPTED = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}


def codes(action: str, operator: str, *values: int, container: str | None = None) -> dict[str, Any]:
    wanted = {"operator": operator, "values": list(values), **({"containerName": container} if container else {})}
    return {"action": action, "onExitCodes": wanted}


@pytest.fixture
def begin(batch: client.BatchV1Api, kube: Site) -> Any:
    def begin(*rules: dict[str, Any], **spec: Any) -> None:
        body = job(image="fn", podFailurePolicy={"rules": list(rules)}, **spec)
        batch.create_namespaced_job("default", body)
        kube.wait(0)

    return begin


def come_to(batch: client.BatchV1Api) -> tuple[int | None, list[tuple[str, str]]]:
    """How many failures were counted, and the Job's conditions with their reasons."""
    status = batch.read_namespaced_job("j", "default").status
    return status.failed, [(each.type, each.reason) for each in status.conditions or []]


POLICY_FAILED = [("FailureTarget", "PodFailurePolicy"), ("Failed", "PodFailurePolicy")]


@pytest.mark.parametrize(
    ("rules", "code", "failed", "conditions", "pods"),
    [
        ([codes("FailJob", "In", 42)], 42, 1, POLICY_FAILED, 1),
        ([codes("FailJob", "In", 42)], 43, 1, [], 2),
        ([codes("FailJob", "NotIn", 42)], 43, 1, POLICY_FAILED, 1),
        ([codes("FailJob", "In", 42, container="other")], 42, 1, [], 2),
        ([codes("FailJob", "In", 42, container="base")], 42, 1, POLICY_FAILED, 1),
        ([codes("Ignore", "In", 42)], 42, None, [], 2),
        ([codes("Count", "In", 42), codes("FailJob", "In", 42)], 42, 1, [], 2),
        ([codes("Ignore", "In", 1), codes("FailJob", "In", 42)], 42, 1, POLICY_FAILED, 1),
    ],
)
def test_the_first_rule_that_fits_says_what_a_failure_means(
    batch: client.BatchV1Api,
    kube: Site,
    begin: Any,
    rules: list[dict[str, Any]],
    code: int,
    failed: int | None,
    conditions: list[tuple[str, str]],
    pods: int,
) -> None:
    begin(*rules)
    kube.end(death=Death(code))
    kube.wait(10)
    assert come_to(batch) == (failed, conditions)
    assert len(kube.world.births) == pods


def test_a_job_that_fails_so_says_why_and_its_other_pods_are_ended(
    core: client.CoreV1Api, batch: client.BatchV1Api, kube: Site, begin: Any
) -> None:
    begin(codes("FailJob", "In", 42), parallelism=2, completions=2)
    kube.end(0, Death(42))
    (failed,) = core.list_namespaced_pod("default").items
    condition = batch.read_namespaced_job("j", "default").status.conditions[1]
    assert condition.message == (
        f"Container base for pod default/{failed.metadata.name} failed with exit code 42 "
        "matching FailJob rule at index 0"
    )
    assert len(kube.world.killed) == 1


@pytest.mark.parametrize(("fate", "after"), [("evicted", 10), ("node-lost", 310)])
def test_a_disruption_need_not_count(batch: client.BatchV1Api, kube: Site, begin: Any, fate: str, after: int) -> None:
    kube.command("pods", fate=fate, first=1)
    begin(DISRUPTED, backoffLimit=0)
    kube.wait(1)
    kube.wait(after)
    assert come_to(batch) == (None, [])
    assert len(kube.world.births) == 2
    kube.end(death=Death(0))
    assert come_to(batch)[1][-1] == ("Complete", "CompletionsReached")


def test_a_failure_that_is_no_disruption_counts(batch: client.BatchV1Api, kube: Site, begin: Any) -> None:
    begin(DISRUPTED, backoffLimit=0)
    kube.end(death=Death(1))
    assert come_to(batch) == (1, [("FailureTarget", "BackoffLimitExceeded"), ("Failed", "BackoffLimitExceeded")])


def test_a_pod_is_replaced_when_it_has_ended_and_not_while_it_is_being_deleted(
    core: client.CoreV1Api, kube: Site, begin: Any
) -> None:
    kube.command("pods", termination=20.0)
    begin(DISRUPTED)
    core.delete_namespaced_pod(core.list_namespaced_pod("default").items[0].metadata.name, "default")
    kube.wait(15)
    assert len(kube.world.births) == 1
    kube.wait(20)
    assert len(kube.world.births) == 2


def test_it_needs_pods_that_are_not_restarted(batch: client.BatchV1Api) -> None:
    body = job(podFailurePolicy={"rules": [DISRUPTED]})
    body["spec"]["template"]["spec"]["restartPolicy"] = "OnFailure"
    with pytest.raises(ApiException) as caught:
        batch.create_namespaced_job("default", body)
    assert caught.value.status == 422
