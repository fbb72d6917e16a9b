"""Google's own operators of Dataproc: they speak gRPC and nothing else, and reach the emulator by the proxy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from laboratory import Laboratory, classes
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
    from datetime import timedelta

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
    """Folders of what is there, without its ids."""
    there = sorted(name for name in outcome.after if name.startswith("job://dataproc/"))
    return [name.removeprefix("job://dataproc/").rpartition("/")[0] for name in there]


def asked(outcome: Outcome) -> list[str]:
    return [each.operation.verb for each in outcome.history if each.operation.service == "dataproc"]


ALONE = {
    "job": ('DataprocSubmitJobOperator(task_id="t", job=job("writes"), **PLACE)', "writes"),
    "deferred job": ('DataprocSubmitJobOperator(task_id="t", job=job("writes"), deferrable=True, **PLACE)', "writes"),
    "batch": (
        'DataprocCreateBatchOperator(task_id="t", batch={"pyspark_batch": program("writes")}, **PLACE)',
        "writes",
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
    "workflow": ('DataprocInstantiateWorkflowTemplateOperator(task_id="t", template_id="both", **PLACE)', "both"),
    "deferred workflow": (
        'DataprocInstantiateWorkflowTemplateOperator(task_id="t", template_id="both", deferrable=True, **PLACE)',
        "both",
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
    assert left(outcome) == [folder]
    assert len(asked(outcome)) > 1
    puts = [each.actor for each in outcome.history if each.operation.verb == "PutObject"]
    writes = folder.startswith("writes") or "inline" in kind
    assert puts == ([f"job dataproc:{folder}#1"] if writes else [])


BROKEN = {
    "job": 'DataprocSubmitJobOperator(task_id="t", job=job("broken"), **PLACE)',
    "deferred job": 'DataprocSubmitJobOperator(task_id="t", job=job("broken"), deferrable=True, **PLACE)',
    "batch": 'DataprocCreateBatchOperator(task_id="t", batch={"pyspark_batch": program("broken")}, **PLACE)',
    "workflow": 'DataprocInstantiateInlineWorkflowTemplateOperator(task_id="t", template=template("broken"), **PLACE)',
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", BROKEN)
def test_an_operator_fails_with_its_job(lab: Laboratory, kind: str) -> None:
    outcome = attempt(lab, BROKEN[kind])
    assert (outcome.unreachable, outcome.last.state) == ("", "failed"), outcome.last.log


STEPS = """DataprocCreateClusterOperator(task_id="create", cluster_name="c", cluster_config={}, **PLACE)
        DataprocSubmitJobOperator(task_id="start", job=job("writes"), asynchronous=True, **PLACE)
        DataprocJobSensor(task_id="wait", dataproc_job_id="{{ ti.xcom_pull('start') }}", poke_interval=60, **PLACE)
        DataprocCreateBatchOperator(
            task_id="batch", batch={"pyspark_batch": program("x")}, batch_id="any-1", asynchronous=True, **PLACE
        )
        DataprocBatchSensor(task_id="batched", batch_id="any-1", poke_interval=60, **PLACE)
        DataprocStopClusterOperator(task_id="stop", cluster_name="c", **PLACE)
        DataprocDeleteClusterOperator(task_id="delete", cluster_name="c", **PLACE)
        DataprocDeleteClusterOperator(task_id="later", cluster_name="c", deferrable=True, **PLACE)
"""
CHAINS = {
    "a job is sensed": (("create", "start", "wait"), ["clusters/c", "writes"]),
    "a batch is sensed": (("batch", "batched"), ["any-1"]),
    "a cluster is stopped": (("create", "stop"), ["clusters/c"]),
    "a cluster is deleted": (("create", "delete"), []),
    "a cluster is deleted and awaited by a trigger": (("create", "later"), []),
}


@pytest.mark.slow
@pytest.mark.parametrize("chain", CHAINS)
def test_what_one_task_begins_another_goes_on_with(lab: Laboratory, chain: str) -> None:
    tasks, expected = CHAINS[chain]
    outcome = lab.chain(lab.write(HEAD + STEPS), *tasks, seed=SEED)
    assert (outcome.unreachable, outcome.last.state) == ("", "success"), outcome.last.log
    assert left(outcome) == expected


@pytest.mark.slow
def test_a_retry_beside_the_job_of_a_killed_task_doubles_what_they_write_into_one_folder(lab: Laboratory) -> None:
    operator = 'DataprocSubmitJobOperator(task_id="t", job=job("parts"), retries=1, **PLACE)'
    verdict = lab.check(lab.write(HEAD + operator), "killed", seed=SEED)
    assert {"duplicate", "started-twice"} <= set(classes(verdict)), verdict.reason
    started = next(each for each in verdict.findings if each.cls == "started-twice")
    assert started.resource == "job://dataproc/parts"


@pytest.mark.slow
def test_the_id_of_a_request_has_the_retry_find_the_job_of_the_killed_task(lab: Laboratory) -> None:
    request = 'request_id="{{ ts_nodash }}"'
    operator = f'DataprocSubmitJobOperator(task_id="t", job=job("parts"), retries=1, {request}, **PLACE)'
    verdict = lab.check(lab.write(HEAD + operator), "killed", seed=SEED)
    assert (verdict.verdict, classes(verdict)) == ("pass", []), verdict.reason


DELETE = """DataprocCreateClusterOperator(task_id="create", cluster_name="c", cluster_config={{}}, **PLACE) >> (
            DataprocDeleteClusterOperator(task_id="t", cluster_name="c", {}, **PLACE)
        )
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("retries", "expected"),
    [
        ("retries=0", []),
        ("retries=1", []),
        ("retries=1, retry_delay=timedelta(seconds=10)", ["cannot-finish"]),
    ],
)
def test_a_cluster_is_gone_when_its_deletion_is_tried_again_unless_that_is_at_once(
    lab: Laboratory, retries: str, expected: list[str]
) -> None:
    verdict = lab.check(lab.write(HEAD + DELETE.format(retries)), "killed", seed=SEED)
    assert classes(verdict) == expected, verdict.reason
    assert verdict.verdict in ("pass", "fail")


@pytest.mark.slow
def test_googles_client_submits_once_more_where_the_answer_is_lost_and_the_id_of_a_request_helps(
    lab: Laboratory,
) -> None:
    operator = 'DataprocSubmitJobOperator(task_id="t", job=job("parts"), retries=1, {}, **PLACE)'
    lost = lab.check(lab.write(HEAD + operator.format("request_id=None")), "unacknowledged", seed=SEED)
    assert {"duplicate", "started-twice"} <= set(classes(lost)), lost.reason
    found = lab.check(lab.write(HEAD + operator.format('request_id="{{ ts_nodash }}"')), "unacknowledged", seed=SEED)
    assert (found.verdict, classes(found)) == ("pass", []), found.reason


@pytest.mark.slow
def test_a_job_that_never_ends_holds_its_task_for_ever_and_a_batch_is_ended_by_the_service(lab: Laboratory) -> None:
    job = lab.check(
        lab.write(HEAD + 'DataprocSubmitJobOperator(task_id="t", job=job("x"), **PLACE)'), "endless", seed=SEED
    )
    assert classes(job) == ["cannot-finish"], job.reason
    batch = 'DataprocCreateBatchOperator(task_id="t", batch={"pyspark_batch": program("x")}, **PLACE)'
    bounded = lab.check(lab.write(HEAD + batch), "endless", seed=SEED)
    assert bounded.verdict == "pass", bounded.reason


@pytest.mark.slow
def test_what_is_not_emulated_is_named(lab: Laboratory) -> None:
    code = """
        from airflow.sdk import DAG, task


        @task
        def t():
            from airflow.providers.google.cloud.hooks.dataproc import DataprocHook

            DataprocHook().diagnose_cluster(region="europe-west1", cluster_name="c", project_id="p")


        with DAG("d", schedule=None):
            t()
    """
    outcome = lab.run(lab.write(code), (Run(1),), seed=SEED)
    assert outcome.group == "need Dataproc"
    assert "ClusterController/DiagnoseCluster" in outcome.unreachable
