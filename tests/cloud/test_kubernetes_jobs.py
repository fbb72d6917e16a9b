"""Jobs: their pods, their ends, and what is left when they are deleted."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.rest import ApiException

from kubernetes_server import Site, job
from pytest_dagguard.model.life import Death


def pods(core: client.CoreV1Api) -> list[Any]:
    return list(core.list_namespaced_pod("default", label_selector="job-name=j").items)


def ended(batch: client.BatchV1Api) -> list[str]:
    return [each.type for each in batch.read_namespaced_job_status("j", "default").status.conditions or []]


def test_a_job_has_its_pod_at_once(core: client.CoreV1Api, batch: client.BatchV1Api) -> None:
    made = batch.create_namespaced_job("default", job())
    (own,) = pods(core)
    assert own.metadata.name.startswith("j-")
    (owner,) = own.metadata.owner_references
    assert (owner.kind, owner.uid, owner.controller) == ("Job", made.metadata.uid, True)
    assert own.metadata.labels["batch.kubernetes.io/controller-uid"] == made.metadata.uid
    assert batch.read_namespaced_job("j", "default").status.active == 1


@pytest.mark.parametrize(
    ("field", "what"), [("podFailurePolicy", "podFailurePolicy FailIndex"), ("successPolicy", "successPolicy")]
)
def test_a_job_that_would_end_otherwise_is_refused_by_name(
    batch: client.BatchV1Api, kube: Site, field: str, what: str
) -> None:
    body = job(**{field: {"rules": [{"action": "FailIndex"}]}})
    with pytest.raises(ApiException):
        batch.create_namespaced_job("default", body)
    assert [each.what for each in kube.tap.refusals] == [f"a Job with {what}"]
    kube.answers.clear()  # a refusal is no answer of a cluster


def test_a_job_is_complete_when_its_pod_is(core: client.CoreV1Api, batch: client.BatchV1Api, kube: Site) -> None:
    batch.create_namespaced_job("default", job())
    kube.wait(30)
    assert ended(batch) == ["SuccessCriteriaMet", "Complete"]
    status = batch.read_namespaced_job("j", "default").status
    assert (status.active, status.succeeded, bool(status.completion_time)) == (None, 1, True)
    assert [each.status.phase for each in pods(core)] == ["Succeeded"]


def test_a_job_tries_again_later_and_later_until_it_has_failed(
    core: client.CoreV1Api, batch: client.BatchV1Api, kube: Site
) -> None:
    batch.create_namespaced_job("default", job(image="bad", backoffLimit=2))
    counts = []
    for seconds in (30, 10, 30, 20, 30):
        kube.wait(seconds)
        counts.append(len(pods(core)))
    assert counts == [1, 2, 2, 3, 3]
    assert ended(batch) == ["FailureTarget", "Failed"]
    assert batch.read_namespaced_job("j", "default").status.failed == 3


def test_a_job_has_as_many_pods_at_once_as_it_says(
    core: client.CoreV1Api, batch: client.BatchV1Api, kube: Site
) -> None:
    batch.create_namespaced_job("default", job(completions=5, parallelism=2))
    counts = []
    for _ in range(3):
        counts.append(len(pods(core)))
        kube.wait(30)
    assert counts == [2, 4, 5]
    assert ended(batch) == ["SuccessCriteriaMet", "Complete"]


def test_the_pods_of_an_indexed_job_know_their_numbers(
    core: client.CoreV1Api, batch: client.BatchV1Api, kube: Site
) -> None:
    batch.create_namespaced_job("default", job(image="fn", completions=3, parallelism=3, completionMode="Indexed"))
    kube.wait(0)
    assert sorted(each.facts["env"]["JOB_COMPLETION_INDEX"] for each in kube.world.births) == ["0", "1", "2"]
    assert len({each.actor for each in kube.world.births}) == 3


def test_a_pod_that_is_deleted_is_replaced(core: client.CoreV1Api, batch: client.BatchV1Api, kube: Site) -> None:
    batch.create_namespaced_job("default", job(image="forever"))
    (first,) = pods(core)
    core.delete_namespaced_pod(first.metadata.name, "default")
    kube.wait(10)
    (second,) = pods(core)
    assert second.metadata.name != first.metadata.name
    assert batch.read_namespaced_job("j", "default").status.failed == 1


def test_a_pod_that_is_deleted_when_it_has_ended_is_not_replaced(
    core: client.CoreV1Api, batch: client.BatchV1Api, kube: Site
) -> None:
    batch.create_namespaced_job("default", job(image="fn"))
    kube.wait(0)
    kube.end(death=Death(0))
    core.delete_namespaced_pod(pods(core)[0].metadata.name, "default")
    kube.wait(1000)
    assert pods(core) == []
    assert ended(batch) == ["SuccessCriteriaMet", "Complete"]


def test_a_suspended_job_waits(core: client.CoreV1Api, batch: client.BatchV1Api, kube: Site) -> None:
    batch.create_namespaced_job("default", job(suspend=True))
    kube.wait(100)
    assert pods(core) == []
    batch.patch_namespaced_job("j", "default", {"spec": {"suspend": False}})
    assert len(pods(core)) == 1
    batch.patch_namespaced_job("j", "default", {"spec": {"suspend": True}})
    assert pods(core) == []


def test_a_job_has_a_deadline(core: client.CoreV1Api, batch: client.BatchV1Api, kube: Site) -> None:
    batch.create_namespaced_job("default", job(image="fn", activeDeadlineSeconds=60))
    assert list(kube.do(kube.emulator.running).values()) == [60.0]
    kube.wait(60)
    assert ended(batch) == ["FailureTarget", "Failed"]
    assert pods(core) == []
    assert kube.world.killed == ["pod default/j#1"]


def test_a_job_may_clean_up_after_itself(core: client.CoreV1Api, batch: client.BatchV1Api, kube: Site) -> None:
    batch.create_namespaced_job("default", job(ttlSecondsAfterFinished=100))
    kube.wait(129)
    assert len(batch.list_namespaced_job("default").items) == 1
    kube.wait(1)
    assert batch.list_namespaced_job("default").items == []
    assert pods(core) == []


@pytest.mark.parametrize(("policy", "left"), [(None, 1), ("Orphan", 1), ("Background", 0), ("Foreground", 0)])
def test_what_becomes_of_the_pods_of_a_deleted_job(
    core: client.CoreV1Api, batch: client.BatchV1Api, kube: Site, policy: str | None, left: int
) -> None:
    batch.create_namespaced_job("default", job(image="fn"))
    kube.wait(0)
    batch.delete_namespaced_job("j", "default", propagation_policy=policy)
    assert batch.list_namespaced_job("default").items == []
    assert len(pods(core)) == left
    assert len(kube.world.killed) == 1 - left
    if left:
        assert pods(core)[0].metadata.owner_references is None
        kube.end(death=Death(0))
        assert pods(core)[0].status.phase == "Succeeded"


def test_a_foreground_deletion_waits_for_pods_that_are_slow_to_end(
    core: client.CoreV1Api, batch: client.BatchV1Api, kube: Site
) -> None:
    kube.command("pods", termination=20.0)
    batch.create_namespaced_job("default", job(image="fn"))
    kube.wait(0)
    batch.delete_namespaced_job("j", "default", propagation_policy="Foreground")
    assert batch.read_namespaced_job("j", "default").metadata.finalizers == ["foregroundDeletion"]
    kube.wait(20)
    assert batch.list_namespaced_job("default").items == []
    assert pods(core) == []


def test_a_jobs_pods_may_not_be_restarted_for_ever(batch: client.BatchV1Api) -> None:
    body = job()
    body["spec"]["template"]["spec"]["restartPolicy"] = "Always"
    with pytest.raises(ApiException) as caught:
        batch.create_namespaced_job("default", body)
    assert caught.value.status == 422
