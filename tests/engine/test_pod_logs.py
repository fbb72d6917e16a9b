"""A pod's log reaches who follows it while the pod runs, in the cloud's time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from laboratory import Laboratory
from pytest_dagguard.model.outcome import Outcome

PROVIDER = tuple(map(int, version("apache-airflow-providers-cncf-kubernetes").split(".")[:2]))
IMAGES = {"fn:*": "fakes:work", "shell:*": "run"}
FAKES = """
    import sys
    import time

    import tiny


    def work(pod):
        pod.log("begun")
        for minute in (1, 2):
            time.sleep(60)
            tiny.put(f"out/minute-{minute}")
            print("minute", minute, file=sys.stderr if minute == 2 else sys.stdout)
        time.sleep(60)
"""
SOURCE = """
    import tiny
    from airflow.providers.cncf.kubernetes.callbacks import KubernetesPodOperatorCallback
    from airflow.providers.cncf.kubernetes.operators.job import KubernetesJobOperator
    from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator as Pod
    from airflow.sdk import DAG


    HEARD = []


    class Heard(KubernetesPodOperatorCallback):
        @staticmethod
        def progress_callback(*, line, **_):
            # counted, since older providers give the first line time and again
            HEARD.append(line)
            tiny.put(f"heard/{len(HEARD)}")


    with DAG("d", schedule=None):
        Pod(task_id="follows", image="fn:1", callbacks=Heard)
        Pod(task_id="defers", image="fn:1", deferrable=True, logging_interval=20)
        KubernetesJobOperator(task_id="job", name="job", image="fn:1", wait_until_job_complete=True, get_logs=True)
"""


@pytest.fixture(scope="module")
def path(lab: Laboratory) -> Iterator[Path]:
    lab.write(FAKES, "fakes.py")
    lab.lab.cloud.call("behaviours", {"images": IMAGES})
    yield lab.write(SOURCE)
    lab.lab.cloud.call("behaviours", {})


def succeeded(outcome: Outcome) -> bool:
    states = [each.state for each in outcome.results.values()]
    return states == ["success"] or pytest.fail(f"{states} {outcome.unreachable}\n{outcome.last.log}")


def puts(outcome: Outcome) -> list[str]:
    return [
        each.operation.resource.partition("//")[2] for each in outcome.history if each.operation.verb == "PutObject"
    ]


def test_what_a_function_prints_is_heard_before_it_goes_on(lab: Laboratory, path: Path) -> None:
    outcome = lab.run(path, task_id="follows")
    assert succeeded(outcome)
    # the operator knows that a line is whole when the next one comes
    assert puts(outcome)[:3] == ["out/minute-1", "heard/1", "out/minute-2"]


# A program takes no time by the virtual clock, so whoever is to hear it while it runs has to listen already.
LISTENS = """
    import tiny
    from kubernetes import client, config, watch

    config.load_kube_config()
    core = client.CoreV1Api()
    words = ["sh", "-c", "echo one; until curl -sf $AWS_ENDPOINT_URL/heard/one; do :; done; echo two"]
    spec = {"restartPolicy": "Never", "containers": [{"name": "base", "image": "shell:1", "command": words}]}
    core.create_namespaced_pod("default", {"metadata": {"name": "p"}, "spec": spec})
    for event in watch.Watch().stream(core.list_namespaced_pod, "default"):
        if event["object"].status.phase == "Running":
            break
    for line in watch.Watch().stream(core.read_namespaced_pod_log, "p", "default"):
        tiny.put("heard/" + line)
"""


def test_what_a_program_prints_is_heard_while_it_runs(lab: Laboratory, path: Path) -> None:
    outcome = lab.attempt(LISTENS)
    assert succeeded(outcome)  # and the program has waited for what the task does at its first line
    assert puts(outcome) == ["heard/one", "heard/two"]


@pytest.mark.parametrize("task_id", ["defers", "job"])
def test_each_line_is_logged_once(lab: Laboratory, path: Path, task_id: str) -> None:
    outcome = lab.run(path, task_id=task_id)
    assert succeeded(outcome)
    found = re.findall(r"begun|minute \d", outcome.last.log)
    if PROVIDER < (10, 9):  # which reads the last line again when it comes back
        found = list(dict.fromkeys(found))
    assert found == ["begun", "minute 1", "minute 2"]
