"""Google's own operators of Dataproc: they speak gRPC and nothing else, and reach the emulator by the proxy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from laboratory import Laboratory
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Run
from pytest_dagguard.model.seed import Seed

JOBS = {
    "dataproc:parts*": "dataproc_standins:parts",
    "dataproc:writes*": "dataproc_standins:writes",
    "dataproc:stuck*": "never-ends",
    "dataproc:broken*": "fail",
}
STANDINS = """
    import uuid
    import tiny


    def parts(job):
        for _ in range(2):
            tiny.put(f"training/ds=2024-01-01/part-{uuid.uuid4()}", b"watched")


    def writes(job):
        program = job.arguments.get("pyspark_job") or job.arguments.get("pyspark_batch")
        tiny.put("out/part", program["args"][0].encode())
"""
HEAD = """
    from airflow.providers.google.cloud.operators.dataproc import (
        DataprocCreateBatchOperator,
        DataprocCreateClusterOperator,
        DataprocDeleteClusterOperator,
        DataprocInstantiateInlineWorkflowTemplateOperator,
        DataprocInstantiateWorkflowTemplateOperator,
        DataprocStopClusterOperator,
        DataprocSubmitJobOperator,
        DataprocUpdateClusterOperator,
    )
    from airflow.providers.google.cloud.sensors.dataproc import DataprocBatchSensor, DataprocJobSensor
    from airflow.sdk import DAG

    PLACE = {"project_id": "p", "region": "europe-west1"}


    def program(name):
        return {"main_python_file_uri": f"gs://code/{name}.py", "args": ["1"]}


    def job(name, **more):
        return {"placement": {"cluster_name": "c"}, "pyspark_job": program(name), **more}


    def template(*names):
        return {"id": "both", "jobs": [{"step_id": each, "pyspark_job": program(each)} for each in names]}


    with DAG("d", schedule=None):
        """
SEED = Seed(connections={"google_cloud_default": {"conn_type": "google_cloud_platform"}})


@pytest.fixture(scope="module", autouse=True)
def jobs(lab: Laboratory) -> Iterator[None]:
    lab.write(STANDINS, "dataproc_standins.py")
    lab.lab.cloud.call("behaviours", {"jobs": JOBS})
    yield
    lab.lab.cloud.call("behaviours", {})


def attempt(lab: Laboratory, operator: str) -> Outcome:
    return lab.run(lab.write(HEAD + operator), (Run(1),), seed=SEED)


def left(outcome: Outcome) -> list[str]:
    return [name.removeprefix("job://dataproc/") for name in outcome.after if name.startswith("job://dataproc/")]


def asked(outcome: Outcome) -> list[str]:
    return [each.operation.verb for each in outcome.history if each.operation.service == "dataproc"]


ALONE = {
    "job": ('DataprocSubmitJobOperator(task_id="t", job=job("writes"), **PLACE)', "writes"),
    "deferred job": ('DataprocSubmitJobOperator(task_id="t", job=job("writes"), deferrable=True, **PLACE)', "writes"),
    "batch": (
        'DataprocCreateBatchOperator(task_id="t", batch={"pyspark_batch": program("writes")}, batch_id="day1", **PLACE)',
        "day1",
    ),
    "deferred batch": (
        'DataprocCreateBatchOperator(task_id="t", batch={"pyspark_batch": program("writes")}, batch_id="writes-1",'
        " deferrable=True, **PLACE)",
        "writes-1",
    ),
    "cluster": (
        'DataprocCreateClusterOperator(task_id="t", cluster_name="c", cluster_config={}, **PLACE)',
        "clusters/c",
    ),
    "deferred cluster": (
        'DataprocCreateClusterOperator(task_id="t", cluster_name="c", cluster_config={}, deferrable=True, **PLACE)',
        "clusters/c",
    ),
    "workflow": ('DataprocInstantiateWorkflowTemplateOperator(task_id="t", template_id="both", **PLACE)', None),
    "deferred workflow": (
        'DataprocInstantiateWorkflowTemplateOperator(task_id="t", template_id="both", deferrable=True, **PLACE)',
        None,
    ),
    "inline workflow": (
        'DataprocInstantiateInlineWorkflowTemplateOperator(task_id="t", template=template("writes"), **PLACE)',
        "writes",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ALONE)
def test_an_operator_starts_what_it_is_to_and_waits_for_it(lab: Laboratory, kind: str) -> None:
    operator, folder = ALONE[kind]
    outcome = attempt(lab, operator)
    assert (outcome.unreachable, outcome.last.state) == ("", "success"), outcome.last.log
    print(kind, asked(outcome), left(outcome), outcome.last.seconds)
