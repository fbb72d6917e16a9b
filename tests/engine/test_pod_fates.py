"""What befalls a pod while its task waits for it, by Airflow's own operators."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from laboratory import Laboratory, classes
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Befall, Run

FAKES = """
    import time

    import tiny


    def appends(pod):
        before = tiny.get("out/total") or b""
        time.sleep(60)
        tiny.put("out/begun")
        time.sleep(60)
        tiny.put("out/total", before + b"1")
        tiny.put("out/done")


    def writes(pod):
        time.sleep(60)
        tiny.put("out/begun")
        time.sleep(60)
        tiny.put("out/done")
"""
SOURCE = """
    import inspect

    from airflow.providers.cncf.kubernetes.operators.job import KubernetesJobOperator
    from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator as Pod
    from airflow.sdk import DAG

    # what Airflow 3.3's provider calls durable was called so before
    name = "durable" if "durable" in inspect.signature(Pod.__init__).parameters else "reattach_on_restart"
    LOOSE = {name: False}

    with DAG("d", schedule=None, default_args={"retries": 1}):
        Pod(task_id="plain", name="plain", image="ok:1")
        Pod(task_id="writes", name="writes", image="writes:1")
        Pod(task_id="defers", name="defers", image="ok:1", deferrable=True)
        Pod(task_id="appends", name="appends", image="appends:1")
        Pod(task_id="keeps", name="keeps", image="ok:1", on_finish_action="keep_pod")
        Pod(task_id="loose_keeps", name="loose", image="writes:1", **LOOSE, on_finish_action="keep_pod")
        KubernetesJobOperator(task_id="job", name="job", image="ok:1", wait_until_job_complete=True, backoff_limit=0)
"""
IMAGES = {"ok:*": "succeed", "writes:*": "fates:writes", "appends:*": "fates:appends"}
LATE = Befall("pending", 0, 150.0)


@pytest.fixture(scope="module")
def path(lab: Laboratory) -> Iterator[Path]:
    lab.write(FAKES, "fates.py")
    lab.lab.cloud.call("behaviours", {"images": IMAGES})
    yield lab.write(SOURCE)
    lab.lab.cloud.call("behaviours", {})


def created(outcome: Outcome) -> int:
    return sum(each.operation.verb == "create pods" and each.status == 201 for each in outcome.history)


def ends(outcome: Outcome) -> list[str]:
    return [each.state for each in outcome.results.values()]


def pods(outcome: Outcome) -> list[str]:
    return sorted(each.kind for name, each in outcome.after.items() if name.startswith("k8s://"))


# Task, what befalls its pod; how its tries end, pods in all, what is left of them
ROWS = [
    ("plain", Befall("evicted"), ["up_for_retry", "success"], 2, []),
    ("plain", Befall("oom-killed"), ["up_for_retry", "success"], 2, []),
    ("plain", Befall("node-lost"), ["up_for_retry", "success"], 2, []),
    ("plain", LATE, ["up_for_retry", "success"], 2, []),
    ("defers", Befall("evicted"), ["up_for_retry", "success"], 2, []),
    ("defers", LATE, ["up_for_retry", "success"], 2, []),
    ("keeps", Befall("evicted"), ["up_for_retry", "success"], 2, ["pod", "pod"]),
    ("loose_keeps", LATE, ["up_for_retry", "success"], 2, ["pod", "pod", "pods-at-once"]),
    ("writes", Befall("evicted", 1), ["up_for_retry", "success"], 2, []),
]


@pytest.mark.parametrize(("task_id", "fate", "states", "count", "left"), ROWS)
def test_what_comes_of_a_pods_fate(
    lab: Laboratory, path: Path, task_id: str, fate: Befall, states: list[str], count: int, left: list[str]
) -> None:
    outcome = lab.run(path, (fate, Run(1, retries=1)), task_id=task_id, retries=1)
    assert outcome.unreachable == ""
    assert (ends(outcome), created(outcome), pods(outcome)) == (states, count, left), outcome.last.log


def test_a_pod_that_is_evicted_at_its_work_does_nothing_more(lab: Laboratory, path: Path) -> None:
    outcome = lab.run(path, (Befall("evicted", 1), Run(1)), task_id="writes")
    assert ends(outcome) == ["failed"]
    assert [each.operation.resource for each in outcome.history if each.operation.verb == "PutObject"] == [
        "s3://out/begun"
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task_id", "found"),
    [
        ("writes", []),
        ("defers", []),
        # it starts late, and nobody has taken it away
        ("keeps", ["started-twice", "started-twice"]),
        ("loose_keeps", ["started-twice", "started-twice"]),
    ],
)
def test_verdicts_of_killed(lab: Laboratory, path: Path, task_id: str, found: list[str]) -> None:
    verdict = lab.check(path, "killed", task_id)
    assert (verdict.reason, classes(verdict)) == (None, found), [each.message for each in verdict.findings]
