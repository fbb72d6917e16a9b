"""Dataproc's jobs and batches, asked by Google's own clients: ids are taken once, and what is begun lives by itself."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from google.api_core.exceptions import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from google.cloud.dataproc_v1 import ListJobsRequest
from multidict import CIMultiDict

from dataproc_service import PARENT, PLACE, PROGRAM, Service
from pytest_dagguard.cloud.dataproc_api.batches import TIME_TO_LIVE
from pytest_dagguard.cloud.dataproc_api.records import as_written, name_of
from pytest_dagguard.cloud.dataproc_api.service import DURATION, STOPPING
from pytest_dagguard.cloud.emulator import Request
from pytest_dagguard.model.errors import NotEmulated
from pytest_dagguard.model.life import Birth, Death


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Service:
    return Service(getattr(request, "param", {}))


def said(**jobs: str) -> pytest.MarkDecorator:
    rows = {f"dataproc:{name}": behaviour for name, behaviour in jobs.items()}
    return pytest.mark.parametrize("service", [rows], indirect=True)


def names(service: Service) -> list[str]:
    return [each.removeprefix("job://dataproc/") for each in service.emulator.entries()]


def test_a_job_of_which_nothing_is_said_succeeds_after_a_while(service: Service) -> None:
    job = service.submit("a")
    assert (job.reference.project_id, job.reference.job_id, job.done) == ("p", "a", False)
    service.pass_time(DURATION - 1)
    assert service.state("a") == "RUNNING"
    service.pass_time(1)
    assert service.state("a") == "DONE"
    ended = service.jobs.get_job(**PLACE, job_id="a")
    assert ended.done
    assert [each.state.name for each in ended.status_history] == ["RUNNING"]
    assert (ended.status.state_start_time - ended.status_history[0].state_start_time).total_seconds() >= DURATION


@said(a="fail", b="never-ends")
def test_a_job_does_as_it_is_said(service: Service) -> None:
    service.submit("a")
    service.submit("b")
    service.pass_time(100 * DURATION)
    assert (service.state("a"), service.state("b")) == ("ERROR", "RUNNING")
    assert service.emulator.running() == {"job://dataproc/b/b": float("inf")}
    assert names(service) == ["b/b"]


@said(a="standins:writes")
def test_what_stands_for_a_job_knows_it_by_the_names_that_a_dag_file_has(service: Service) -> None:
    service.submit("a", labels={"someLabel": "x"})
    (birth,) = service.world.lives.values()
    arguments = {"placement": {"cluster_name": "c"}, "pyspark_job": PROGRAM, "labels": {"someLabel": "x"}}
    facts = {"id": "a", "name": "a", "arguments": arguments}
    assert birth == Birth("job dataproc:a#1", "dataproc", "job", "standins:writes", facts)
    service.emulator.ended(birth.actor, Death(1))
    assert service.state("a") == "ERROR"


@said(load="fail")
def test_a_job_that_has_no_id_gets_one_and_is_called_by_its_program(service: Service) -> None:
    first, second = service.submit(), service.submit()
    assert first.reference.job_id != second.reference.job_id
    assert names(service) == [f"load/{each.reference.job_id}" for each in (first, second)]


def test_an_id_is_taken_once_also_when_its_job_has_ended(service: Service) -> None:
    service.submit("a")
    with pytest.raises(AlreadyExists, match="Job projects/p/regions/r/jobs/a"):
        service.submit("a")
    service.pass_time(DURATION)
    with pytest.raises(AlreadyExists):
        service.submit("a", request="r1")
    service.jobs.delete_job(**PLACE, job_id="a")
    service.submit("a")


def test_the_same_request_gives_the_job_that_it_gave(service: Service) -> None:
    first = service.submit(request="r1")
    assert service.submit(request="r1").reference.job_id == first.reference.job_id
    assert service.submit(request="r2").reference.job_id != first.reference.job_id
    service.pass_time(DURATION)
    assert service.submit(request="r1").status.state.name == "DONE"


def test_an_operation_of_a_job_is_done_with_it(service: Service) -> None:
    job = {
        "reference": {"job_id": "a"},
        "placement": {"cluster_name": "c"},
        "hive_job": {"query_file_uri": "gs://a/q.sql"},
    }
    operation = service.jobs.submit_job_as_operation(request={**PLACE, "job": job})
    assert (operation.metadata.job_id, operation.done()) == ("a", False)
    service.pass_time(DURATION)
    assert operation.result().status.state.name == "DONE"
    cancelled = service.jobs.submit_job_as_operation(request={**PLACE, "job": {**job, "reference": {"job_id": "b"}}})
    cancelled.cancel()
    service.pass_time(STOPPING)
    assert cancelled.exception().grpc_status_code.name == "CANCELLED"


@said(a="standins:writes")
def test_a_job_that_is_cancelled_does_nothing_more_and_ends(service: Service) -> None:
    service.submit("a")
    assert service.jobs.cancel_job(**PLACE, job_id="a").status.state.name == "CANCEL_STARTED"
    assert service.world.lives == {}
    assert names(service) == []
    service.pass_time(STOPPING)
    assert service.state("a") == "CANCELLED"
    with pytest.raises(FailedPrecondition, match="CANCELLED"):
        service.jobs.cancel_job(**PLACE, job_id="a")


def test_jobs_are_listed_by_place_state_cluster_and_labels(service: Service) -> None:
    service.submit("a", labels={"env": "x"})
    service.pass_time(DURATION)
    service.submit("b", cluster="d")

    def listed(**more: Any) -> list[str]:
        return [each.reference.job_id for each in service.jobs.list_jobs(request={**PLACE, **more})]

    matcher = ListJobsRequest.JobStateMatcher
    assert listed() == ["b", "a"]
    assert (listed(job_state_matcher=matcher.ACTIVE), listed(job_state_matcher=matcher.NON_ACTIVE)) == (["b"], ["a"])
    assert (listed(filter="status.state = ACTIVE"), listed(filter='labels.env = "x" AND clusterName = c')) == (
        ["b"],
        ["a"],
    )
    assert listed(cluster_name="d") == ["b"]
    assert listed(region="elsewhere") == []
    with pytest.raises(NotEmulated, match="filter"):
        listed(filter="labels.env:*")


@pytest.mark.parametrize("job_id", ["a b", "ü", "x" * 101])
def test_an_id_that_dataproc_does_not_take_is_refused(service: Service, job_id: str) -> None:
    with pytest.raises(InvalidArgument):
        service.submit(job_id)


def test_what_is_not_there_is_not_found(service: Service) -> None:
    with pytest.raises(NotFound):
        service.state("a")
    with pytest.raises(NotFound):
        service.batch_state("batch")


def test_a_job_needs_a_cluster_that_takes_jobs(service: Service) -> None:
    with pytest.raises(InvalidArgument):
        service.submit("a", cluster="")
    service.create("new")
    with pytest.raises(FailedPrecondition, match="state CREATING and cannot accept jobs"):
        service.submit("a", cluster="new")
    with pytest.raises(NotEmulated, match="labels"):
        service.jobs.submit_job(request={**PLACE, "job": {"placement": {"cluster_labels": {"a": "b"}}}})


@said(**{"batch*": "standins:writes"})
def test_a_batch_is_an_operation_that_is_done_with_it(service: Service) -> None:
    operation = service.batch("batch-1")
    assert operation.metadata.batch == "projects/p/locations/r/batches/batch-1"
    (birth,) = service.world.lives.values()
    assert birth.facts["arguments"] == {"pyspark_batch": PROGRAM}
    service.emulator.ended(birth.actor, Death(0))
    assert operation.result().state.name == service.batch_state("batch-1") == "SUCCEEDED"
    assert names(service) == ["batch-1/batch-1"]


@said(**{"batch*": "fail"})
def test_the_operation_of_a_batch_that_fails_has_its_error(service: Service) -> None:
    operation = service.batch("batch-1")
    service.pass_time(DURATION)
    assert service.batch_state("batch-1") == "FAILED"
    assert "FAILED" in str(operation.exception())


def test_the_id_of_a_batch_is_taken_once_and_its_request_gives_the_same(service: Service) -> None:
    first = service.batch("batch-1", request="r1")
    with pytest.raises(AlreadyExists):
        service.batch("batch-1")
    assert service.batch("batch-1", request="r1").operation.name == first.operation.name
    with pytest.raises(InvalidArgument):
        service.batch("B")


@said(**{"batch*": "never-ends"})
def test_the_service_ends_a_batch_when_its_time_is_over(service: Service) -> None:
    service.batch("batch-1")
    service.batch("batch-2", environment_config={"execution_config": {"ttl": {"seconds": 900}}})
    service.batch("batch-3", runtime_config={"version": "2.0"})
    assert service.emulator.running() == {
        "job://dataproc/batch-1/batch-1": TIME_TO_LIVE,
        "job://dataproc/batch-2/batch-2": 900.0,
        "job://dataproc/batch-3/batch-3": float("inf"),
    }
    service.pass_time(900)
    assert (service.batch_state("batch-1"), service.batch_state("batch-2")) == ("RUNNING", "CANCELLED")
    service.pass_time(TIME_TO_LIVE - 900)
    assert service.batch_state("batch-1") == "CANCELLED"


def test_a_batch_is_cancelled_by_its_operation_and_deleted_when_it_has_ended(service: Service) -> None:
    service.batch("batch-1").cancel()
    name = "projects/p/locations/r/batches/batch-1"
    with pytest.raises(FailedPrecondition):
        service.batches.delete_batch(name=name)
    service.pass_time(STOPPING)
    assert [each.state.name for each in service.batches.list_batches(parent=PARENT)] == ["CANCELLED"]
    assert list(service.batches.list_batches(request={"parent": PARENT, "filter": "state = RUNNING"})) == []
    assert len(list(service.batches.list_batches(request={"parent": PARENT, "filter": 'batch_id = "batch-1"'}))) == 1
    service.batches.delete_batch(name=name)
    assert list(service.batches.list_batches(parent=PARENT)) == []


def test_what_a_request_looks_at_and_changes(service: Service) -> None:
    service.submit("a")
    submit = service.footprint
    assert submit is not None
    assert (submit.verb, submit.resource) == ("jobs.submit", "job://dataproc/a")
    assert submit.reads == {"job://dataproc/a#runs", "job://dataproc/clusters/c#runs"}
    assert submit.writes == {"job://dataproc/a#runs"}
    service.state("a")
    look = service.footprint
    assert look is not None
    assert (look.reads, look.writes) == ({"job://dataproc/a/a"}, frozenset())
    service.batch("batch-1").done()
    assert service.footprint is not None
    assert service.footprint.reads == {"job://dataproc/batch-1/batch-1"}
    assert service.emulator.entries(["job://dataproc/a#runs"]).keys() == {"job://dataproc/a/a"}


def test_a_kept_state_comes_back(service: Service) -> None:
    service.submit("a")
    kept, world = service.emulator.snapshot(), service.world.clock.snapshot()
    service.pass_time(DURATION)
    service.submit("b")
    for _ in range(2):
        service.emulator.restore(kept)
        service.world.clock.restore(world)
        assert service.state("a") == "RUNNING"
        assert names(service) == ["a/a"]
        service.pass_time(DURATION)
        assert service.state("a") == "DONE"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("load_2024", "load_2024"),
        ("load_ab12cd34", "load"),
        ("load-0f8fad5b-d9cb-469f-a165-70867728950e", "load"),
        ("0f8fad5b-d9cb-469f-a165-70867728950e", "train"),
        ("mydeadbeef", "mydeadbeef"),
        ("", "train"),
    ],
)
def test_a_random_end_of_an_id_is_no_part_of_its_name(given: str, name: str) -> None:
    assert name_of(given, {"placement": {}, "sparkJob": {"mainClass": "com.acme.train"}}) == name


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ({"pysparkJob": {"mainPythonFileUri": "gs://a/b/load.py"}}, "load"),
        ({"sparkJob": {"mainJarFileUri": "gs://a/app-1.2.jar"}}, "app-1.2"),
        ({"hiveJob": {"queryFileUri": "gs://a/q.sql"}}, "q"),
        ({"sparkSqlJob": {"queryList": {"queries": ["SELECT 1"]}}}, "spark-sql"),
        ({}, "job"),
    ],
)
def test_a_job_without_an_id_is_called_by_what_it_runs(spec: dict[str, Any], name: str) -> None:
    assert name_of("", spec) == name


def test_what_users_name_themselves_is_not_renamed() -> None:
    written = as_written({"sparkRJob": {"properties": {"spark.memoryOverhead": "1"}, "argsList": [{"aB": 1}]}})
    assert written == {"spark_r_job": {"properties": {"spark.memoryOverhead": "1"}, "args_list": [{"a_b": 1}]}}


def test_it_is_asked_over_rest_as_well(service: Service) -> None:
    body = {"job": {"placement": {"clusterName": "c"}, "pysparkJob": {"mainPythonFileUri": "gs://a/load.py"}}}
    request = Request(
        "POST",
        "r-dataproc.googleapis.com",
        "/v1/projects/p/regions/r/jobs:submit",
        "",
        CIMultiDict(),
        json.dumps(body).encode(),
    )
    answer = asyncio.run(service._handle(request))
    job = json.loads(answer.body)
    assert (answer.status, job["status"]["state"]) == (200, "RUNNING")
    assert service.state(job["reference"]["jobId"]) == "RUNNING"


def test_what_is_not_answered_truly_is_refused_by_name(service: Service) -> None:
    with pytest.raises(NotEmulated, match="ClusterController/DiagnoseCluster"):
        service.clusters.diagnose_cluster(request={**PLACE, "cluster_name": "c"})
    with pytest.raises(NotEmulated, match="UpdateJob"):
        service.jobs.update_job(request={**PLACE, "job_id": "a", "job": {}, "update_mask": "labels"})
