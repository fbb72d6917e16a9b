"""Pods and Jobs that outlive their worker: what a retry does when it comes, by Airflow's own operators.

The rows were found out with real operators, real clients and real kills before they were written down here.

| the worker is killed, or two workers run one task instance | work done | test |
|---|---|---|
| killed while the pod runs; the retry has its name, or its labels | once | ``ROWS``: plain, after KEPT and CREATED |
| the same, deferrable | once | ``ROWS``: defers |
| killed, the pod ended meanwhile, delete_pod | twice | ``ROWS``: plain, ended |
| the same, keep_pod | once | ``ROWS``: keeps |
| durable=False, keep_pod | twice, the old pod stays | ``ROWS``: loose_keeps |
| durable=False, delete_pod | the old pod is ended at its work, then one whole run | ``test_a_retry_that_takes_...`` |
| KubernetesJobOperator | twice (two Jobs) | ``test_a_retry_of_a_job_operator_...`` |
| two workers that look before either creates | two pods, one worker fails, orphan | ``test_two_workers_that_both_look_...`` |
| the same, durable=False | both fail, both pods are deleted | ``test_two_workers_that_do_not_look_...`` |
| the same, one fixed name | 409 and again, then twice, one after the other | ``test_two_workers_with_one_name_...`` |
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from laboratory import Laboratory, classes
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Elapse, Kill, Run, Step

IMAGES = {
    "ok:*": "succeed",
    "bad:*": "fail",
    "stuck:*": "never-ends",
    "fn:*": "fakes:work",
    "shell:*": "run",
    "files:*": "fakes:files",
}
FAKES = """
    import time

    import tiny


    def work(pod):
        pod.log("begun")
        time.sleep(60)
        tiny.put(f"out/{pod.labels['task_id']}/{pod.name}")
        pod.xcom({"rows": 3})


    def files(pod):
        with open(pod.mounts["/data"] + "/report", "a") as file:
            file.write("x")
"""
SOURCE = """
    import inspect
    from datetime import timedelta

    from airflow.providers.cncf.kubernetes.operators.job import KubernetesJobOperator
    from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator as Pod
    from airflow.sdk import DAG, task
    from kubernetes.client import models as k8s

    # what Airflow 3.3's provider calls durable was called so before
    name = "durable" if "durable" in inspect.signature(Pod.__init__).parameters else "reattach_on_restart"
    LOOSE = {name: False}

    with DAG("d", schedule=None, default_args={"retries": 1}):
        Pod(task_id="plain", name="plain", image="ok:1")
        Pod(task_id="keeps", name="keeps", image="ok:1", on_finish_action="keep_pod")
        Pod(task_id="loose", name="loose", image="ok:1", **LOOSE)
        Pod(task_id="loose_keeps", name="loose", image="ok:1", **LOOSE, on_finish_action="keep_pod")
        Pod(task_id="defers", name="defers", image="ok:1", deferrable=True)
        Pod(task_id="fixed", name="fixed", image="fn:1", random_name_suffix=False, durable=False)
        Pod(task_id="loose_works", name="loose", image="fn:1", durable=False)
        Pod(task_id="mounts", name="mounts", image="files:1",
            volumes=[k8s.V1Volume(name="v", persistent_volume_claim={"claimName": "data"})],
            volume_mounts=[k8s.V1VolumeMount(name="v", mount_path="/data")])
        Pod(task_id="works", name="works", image="fn:1", do_xcom_push=True)
        Pod(task_id="fails", name="fails", image="bad:1")
        Pod(task_id="unknown", name="unknown", image="acme/unknown:1")
        Pod(task_id="stuck", name="stuck", image="stuck:1")
        Pod(task_id="bounded", name="bounded", image="stuck:1", execution_timeout=timedelta(hours=2))
        Pod(task_id="inside", name="inside", image="ok:1", in_cluster=True)
        Pod(task_id="shell", name="shell", image="shell:1", cmds=["sh", "-c"], arguments=["echo $WORD; exit 3"],
            env_vars={"WORD": "spoken"})
        KubernetesJobOperator(task_id="job", name="job", image="ok:1", wait_until_job_complete=True)

        @task.kubernetes(image="shell:1", do_xcom_push=True)
        def body():
            return 6 * 7

        body()
"""
CREATED = Selector("kubernetes", "create pods", ".*", 1)
JOB_CREATED = Selector("kubernetes", "create jobs.batch", ".*", 1)
KEPT = Selector("airflow", "task-state.set", ".*", 1)
LISTED = Selector("kubernetes", "list pods", ".*", 1)
FOLLOWED = Selector("kubernetes", "get pods/log", ".*", 1)
BOTH_CREATE = (Run(1, CREATED), Run(2, CREATED), Run(1), Run(2))


@pytest.fixture(scope="module")
def path(lab: Laboratory) -> Iterator[Path]:
    lab.write(FAKES, "fakes.py")
    lab.lab.cloud.call("behaviours", {"images": IMAGES})
    yield lab.write(SOURCE)
    lab.lab.cloud.call("behaviours", {})


def created(outcome: Outcome, what: str = "create pods") -> int:
    """How many pods (or Jobs) the attempts have created."""
    return sum(each.operation.verb == what and each.status == 201 for each in outcome.history)


def ends(outcome: Outcome) -> list[str]:
    return [each.state for each in outcome.results.values()]


def kinds(outcome: Outcome) -> list[str]:
    """What is left in the cluster."""
    return sorted(each.kind for name, each in outcome.after.items() if name.startswith("k8s://"))


def workers(outcome: Outcome) -> list[str]:
    """The pods that have done their work."""
    return [each.actor for each in outcome.history if each.operation.verb == "PutObject"]


@pytest.mark.parametrize("task_id", ["plain", "defers", "inside", "job"])
def test_a_pod_runs_and_is_taken_away(lab: Laboratory, path: Path, task_id: str) -> None:
    outcome = lab.run(path, task_id=task_id)
    assert ends(outcome) == ["success"], outcome.last.log
    assert not [name for name in outcome.after if "/pods/" in name]


def test_a_pod_does_what_stands_for_its_image_and_hands_over_its_xcom(lab: Laboratory, path: Path) -> None:
    outcome = lab.run(path, task_id="works")
    assert ends(outcome) == ["success"], outcome.last.log
    assert "begun" in outcome.last.log
    assert lab.returned(outcome, "works") == {"rows": 3}
    assert workers(outcome) == ["pod default/works#1"]


@pytest.mark.parametrize(("task_id", "said_so"), [("fails", "returned a failure"), ("shell", "spoken")])
def test_a_pod_that_fails_fails_its_task(lab: Laboratory, path: Path, task_id: str, said_so: str) -> None:
    outcome = lab.run(path, task_id=task_id)
    assert ends(outcome) == ["failed"]
    assert said_so in outcome.last.log + outcome.last.error


def test_an_image_of_which_nothing_is_said_is_named(lab: Laboratory, path: Path) -> None:
    outcome = lab.run(path, task_id="unknown")
    assert outcome.group == "need kubernetes"
    assert "acme/unknown:1" in outcome.unreachable
    assert "[tool.dagguard.images]" in outcome.unreachable


def test_a_pod_that_never_ends_is_bounded_by_the_execution_timeout_or_by_nothing(lab: Laboratory, path: Path) -> None:
    assert lab.run(path, task_id="stuck").group == "wait for ever"
    outcome = lab.run(path, task_id="bounded")
    assert ends(outcome) == ["failed"], outcome.unreachable
    assert "Process timed out" in outcome.last.log
    assert not [name for name in outcome.after if "/pods/" in name]  # and the pod is taken away


# Task, where its first attempt is killed, whether its pod ends before the retry; pods in all, what is left of them
ROWS = [
    ("plain", KEPT, False, 1, []),  # by the name that was kept
    ("plain", CREATED, False, 1, []),  # by its labels
    ("defers", CREATED, False, 1, []),
    ("plain", KEPT, True, 2, []),  # ended meanwhile: it is taken away and another one runs
    ("keeps", KEPT, True, 1, ["pod"]),
    ("loose", CREATED, False, 2, []),  # the old one is taken away
    ("loose_keeps", CREATED, True, 2, ["pod", "pod"]),
    ("loose_keeps", CREATED, False, 2, ["pod", "pod", "pods-at-once"]),
]


@pytest.mark.parametrize(("task_id", "at", "ended", "pods", "left"), ROWS)
def test_a_retry_after_a_kill(
    lab: Laboratory, path: Path, task_id: str, at: Selector, ended: bool, pods: int, left: list[str]
) -> None:
    steps: tuple[Step, ...] = (Run(1, at), Kill(1), *((Elapse(),) if ended else ()), Run(2))
    outcome = lab.run(path, steps, task_id=task_id, retries=1)
    assert ends(outcome) == ["killed", "success"], outcome.last.log
    assert created(outcome) == pods
    assert kinds(outcome) == left


def test_a_retry_of_a_job_operator_starts_a_second_job(lab: Laboratory, path: Path) -> None:
    outcome = lab.run(path, (Run(1, JOB_CREATED), Kill(1), Run(2)), task_id="job", retries=1)
    assert created(outcome, "create jobs.batch") == 2
    assert "pods-at-once" in {each.kind for each in outcome.after.values()}


def test_two_workers_that_both_look_before_either_creates_make_two_pods(lab: Laboratory, path: Path) -> None:
    outcome = lab.run(path, (Run(1, LISTED), Run(2, LISTED), Run(1, CREATED), Run(2)), task_id="plain", retries=1)
    assert created(outcome) == 2
    assert "FoundMoreThanOnePodFailure" in outcome.results["attempt 2"].error
    assert kinds(outcome) == ["pod", "pod", "pods-at-once"]


def test_two_workers_that_do_not_look_delete_each_others_pods(lab: Laboratory, path: Path) -> None:
    outcome = lab.run(path, BOTH_CREATE, task_id="loose", retries=1)
    assert (created(outcome), kinds(outcome)) == (2, [])
    assert ends(outcome) == ["up_for_retry", "failed"]


def test_two_workers_with_one_name_run_one_after_the_other(lab: Laboratory, path: Path) -> None:
    outcome = lab.run(path, BOTH_CREATE, task_id="fixed", retries=1)
    assert [each.status for each in outcome.history if each.operation.verb == "create pods"] == [201, 409, 201]
    assert workers(outcome) == ["pod default/fixed#1", "pod default/fixed#2"]
    assert (ends(outcome), kinds(outcome)) == (["success", "success"], [])


def test_a_retry_that_takes_the_old_pod_away_ends_it_at_its_work(lab: Laboratory, path: Path) -> None:
    outcome = lab.run(path, (Run(1, FOLLOWED), Kill(1), Run(2)), task_id="loose_works", retries=1)
    assert (created(outcome), workers(outcome)) == (2, ["pod default/loose#2"])
    assert (ends(outcome), kinds(outcome)) == (["killed", "success"], [])


def test_what_lies_in_a_claim_is_state(lab: Laboratory, path: Path) -> None:
    outcome = lab.run(path, task_id="mounts")
    assert ends(outcome) == ["success"], outcome.last.log
    assert [name for name in outcome.after if name.startswith("k8s-")] == ["k8s-volume://default/data/report"]


@pytest.mark.slow
def test_a_body_runs_in_a_pod_as_it_would(lab: Laboratory, path: Path) -> None:
    outcome = lab.run(path, task_id="body")
    assert ends(outcome) == ["success"], outcome.last.log
    assert lab.returned(outcome, "body") == 42


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task_id", "found"),
    [
        ("plain", []),
        ("loose_keeps", ["started-twice", "started-twice"]),
        # and a pod that was evicted and replaced stays behind
        ("job", ["started-twice", "started-twice", "leak"]),
    ],
)
def test_verdicts_of_killed(lab: Laboratory, path: Path, task_id: str, found: list[str]) -> None:
    verdict = lab.check(path, "killed", task_id)
    assert (verdict.reason, classes(verdict)) == (None, found), [each.message for each in verdict.findings]
