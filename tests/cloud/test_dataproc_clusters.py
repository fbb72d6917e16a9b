"""Dataproc's clusters and workflow templates, asked by Google's own clients."""

from __future__ import annotations

import pytest
from google.api_core.exceptions import Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, NotFound

from dataproc_service import PARENT, PLACE, PROGRAM, Service
from pytest_dagguard.cloud.dataproc_api.clusters import SECONDS
from pytest_dagguard.cloud.dataproc_api.service import DURATION, STOPPING
from pytest_dagguard.model.errors import NotEmulated


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Service:
    return Service(getattr(request, "param", {}))


def said(**jobs: str) -> pytest.MarkDecorator:
    rows = {f"dataproc:{name}": behaviour for name, behaviour in jobs.items()}
    return pytest.mark.parametrize("service", [rows], indirect=True)


def folders(service: Service) -> list[str]:
    return [each.split("/", 3)[3].rpartition("/")[0] for each in service.emulator.entries()]


def delete(service: Service, name: str = "c", **more: str):  # type: ignore[no-untyped-def]
    return service.clusters.delete_cluster(request={**PLACE, "cluster_name": name, **more})


def test_a_cluster_is_made_by_an_operation(service: Service) -> None:
    operation = service.create(config={"worker_config": {"num_instances": 2}})
    assert (operation.metadata.cluster_name, operation.metadata.operation_type) == ("c", "CREATE")
    assert (operation.done(), service.cluster_state()) == (False, "CREATING")
    service.pass_time(SECONDS["CREATING"])
    made = operation.result()
    assert (made.cluster_name, made.config.worker_config.num_instances, made.status.state.name) == ("c", 2, "RUNNING")
    assert made.cluster_uuid == operation.metadata.cluster_uuid
    assert [each.cluster_name for each in service.clusters.list_clusters(**PLACE)] == ["c"]
    assert folders(service) == ["clusters/c"]


def test_a_name_is_taken_once_until_its_cluster_is_gone(service: Service) -> None:
    first = service.create(request="r1")
    assert service.create(request="r1").operation.name == first.operation.name
    with pytest.raises(AlreadyExists, match="Cluster projects/p/regions/r/clusters/c"):
        service.create()
    delete(service)
    with pytest.raises(AlreadyExists):
        service.create()
    service.pass_time(SECONDS["DELETING"])
    service.create()
    with pytest.raises(InvalidArgument):
        service.create("Not_a_name")


def test_a_cluster_is_deleted_once_and_then_not_found(service: Service) -> None:
    service.create()
    service.pass_time(SECONDS["CREATING"])
    operation = delete(service)
    with pytest.raises(FailedPrecondition, match="other pending delete operations"):
        delete(service)
    assert service.cluster_state() == "DELETING"
    service.pass_time(SECONDS["DELETING"])
    operation.result()
    with pytest.raises(NotFound):
        service.cluster_state()
    with pytest.raises(NotFound):
        delete(service)
    with pytest.raises(NotFound):
        service.submit("a")
    assert folders(service) == []


def test_a_cluster_that_is_deleted_before_it_is_there_is_not_made(service: Service) -> None:
    creation = service.create()
    delete(service)
    service.pass_time(SECONDS["CREATING"] + SECONDS["DELETING"])
    assert isinstance(creation.exception(), Aborted)


def test_while_a_retry_is_awaited_clusters_come_and_go_and_jobs_stay_at_work(service: Service) -> None:
    service.create()
    kept, world = service.emulator.snapshot(), service.world.clock.snapshot()
    service.submit("a", cluster="other")
    service.emulator.lapse(SECONDS["CREATING"] - 10)
    assert service.cluster_state() == "CREATING"
    service.pass_time(9)
    assert service.cluster_state() == "CREATING"
    service.pass_time(1)
    assert service.cluster_state() == "RUNNING"
    deletion = delete(service)
    before, after = service.emulator.lapse(SECONDS["DELETING"])
    assert (len(before), len(after), deletion.done()) == (2, 1, True)
    service.emulator.lapse(100 * DURATION)
    assert service.state("a") == "RUNNING"
    service.emulator.restore(kept)
    service.world.clock.restore(world)
    service.pass_time(SECONDS["CREATING"] - 1)
    assert service.cluster_state() == "CREATING"
    service.pass_time(1)
    assert service.cluster_state() == "RUNNING"


def test_a_cluster_has_come_and_gone_before_anybody_clears_a_task(service: Service) -> None:
    service.create()
    service.submit("a", cluster="other")
    service.emulator.settle()
    assert (service.cluster_state(), service.state("a")) == ("RUNNING", "RUNNING")
    delete(service)
    assert [len(each) for each in service.emulator.settle()] == [2, 1]


@said(a="standins:writes")
def test_jobs_end_with_their_cluster(service: Service) -> None:
    service.submit("a")
    service.submit("b", cluster="other")
    delete(service)
    assert service.footprint is not None
    assert service.footprint.writes == {"job://dataproc/clusters/c#runs", "job://dataproc/a/a"}
    assert service.world.lives == {}
    assert (service.state("a"), service.state("b")) == ("ERROR", "RUNNING")


def test_a_cluster_that_was_never_heard_of_is_somebody_elses_and_is_there(service: Service) -> None:
    with pytest.raises(NotFound):  # whoever looks before creating is to create
        service.cluster_state()
    service.submit("a")
    assert folders(service) == ["a"]
    operation = delete(service)
    assert "clusters/c" in folders(service)
    service.pass_time(SECONDS["DELETING"])
    assert operation.done()
    assert folders(service) == []


def test_a_cluster_of_another_uuid_is_not_deleted(service: Service) -> None:
    made = service.create().metadata.cluster_uuid
    with pytest.raises(NotFound):
        delete(service, cluster_uuid="another")
    delete(service, cluster_uuid=made)


def test_a_cluster_is_stopped_and_started(service: Service) -> None:
    named = {**PLACE, "cluster_name": "c"}
    with pytest.raises(FailedPrecondition, match="in state RUNNING"):
        service.clusters.start_cluster(request=named)
    stopping = service.clusters.stop_cluster(request=named)
    assert service.cluster_state() == "STOPPING"
    with pytest.raises(FailedPrecondition):
        service.submit("a")
    service.pass_time(SECONDS["STOPPING"])
    assert (stopping.done(), service.cluster_state()) == (True, "STOPPED")
    starting = service.clusters.start_cluster(request=named)
    service.pass_time(SECONDS["STARTING"])
    assert starting.result().status.state.name == "RUNNING"


def test_an_update_changes_what_its_mask_names(service: Service) -> None:
    service.create(config={"worker_config": {"num_instances": 2}}, labels={"a": "1", "b": "2"})
    change = {
        "cluster_name": "c",
        "cluster": {"config": {"worker_config": {"num_instances": 5}}, "labels": {"a": "9"}},
        "update_mask": {"paths": ["config.worker_config.num_instances", "labels.b"]},
        "request_id": "r1",
    }
    with pytest.raises(FailedPrecondition):
        service.clusters.update_cluster(request={**PLACE, **change})
    service.pass_time(SECONDS["CREATING"])
    operation = service.clusters.update_cluster(request={**PLACE, **change})
    assert service.clusters.update_cluster(request={**PLACE, **change}).operation.name == operation.operation.name
    assert service.cluster_state() == "UPDATING"
    service.submit("a")
    service.pass_time(SECONDS["UPDATING"])
    updated = operation.result()
    assert (updated.config.worker_config.num_instances, dict(updated.labels)) == (5, {"a": "1"})


def test_clusters_are_listed_by_state_name_and_labels(service: Service) -> None:
    service.create(labels={"env": "x", "starred": "1"})
    service.create("other")
    delete(service, "other")

    def listed(text: str) -> list[str]:
        return [each.cluster_name for each in service.clusters.list_clusters(request={**PLACE, "filter": text})]

    assert listed("") == ["c", "other"]
    assert (listed("status.state = ACTIVE"), listed("status.state=INACTIVE")) == (["c"], ["other"])
    assert listed('clusterName = c AND labels.env = "x" labels.starred = *') == ["c"]
    assert listed("status.state = DELETING AND labels.env = x") == []
    for text in ("labels.env:*", "config.x = 1", "clusterName = c OR clusterName = d", "clusterName = c AND"):
        with pytest.raises(NotEmulated, match="filter"):
            listed(text)


def test_the_operation_of_a_cluster_cannot_be_cancelled_here(service: Service) -> None:
    with pytest.raises(NotEmulated, match="operations.cancel of CREATE"):
        service.create().cancel()


BOTH = {
    "id": "both",
    "jobs": [
        {"step_id": "second", "prerequisite_step_ids": ["first"], "pyspark_job": PROGRAM},
        {"step_id": "first", "pyspark_job": PROGRAM},
    ],
}


def inline(service: Service, **more: object):  # type: ignore[no-untyped-def]
    asked = {"parent": PARENT, "template": BOTH, **more}
    return service.templates.instantiate_inline_workflow_template(request=asked)


def test_the_jobs_of_a_workflow_run_one_after_the_other(service: Service) -> None:
    operation = inline(service)
    assert service.footprint is not None
    assert service.footprint.writes == {"job://dataproc/first#runs", "job://dataproc/second#runs"}
    assert (folders(service), operation.metadata.state.name) == (["first"], "RUNNING")
    service.pass_time(DURATION)
    assert (folders(service), operation.done()) == (["first", "second"], False)
    service.pass_time(DURATION)
    operation.result()
    assert [each.status.state.name for each in service.jobs.list_jobs(**PLACE)] == ["DONE", "DONE"]


@said(first="fail")
def test_a_workflow_fails_with_its_first_job_that_does(service: Service) -> None:
    operation = inline(service)
    service.pass_time(3 * DURATION)
    assert isinstance(operation.exception(), Aborted)
    assert folders(service) == []
    assert len(list(service.jobs.list_jobs(**PLACE))) == 1


@said(first="never-ends")
def test_a_workflow_ends_by_its_time_limit_or_when_it_is_cancelled(service: Service) -> None:
    limited = inline(service, template={**BOTH, "dag_timeout": {"seconds": 1200}})
    assert set(service.emulator.running().values()) == {1200.0}
    service.pass_time(1200)
    assert limited.exception().grpc_status_code.name == "CANCELLED"
    cancelled = inline(service)
    cancelled.cancel()
    service.pass_time(STOPPING)
    assert cancelled.exception().grpc_status_code.name == "CANCELLED"


def test_the_id_of_a_request_keeps_two_workflows_from_running_at_once(service: Service) -> None:
    first = inline(service, request_id="r1")
    assert inline(service, request_id="r1").operation.name == first.operation.name
    assert inline(service).operation.name != first.operation.name
    service.pass_time(2 * DURATION)
    assert first.done()
    assert inline(service, request_id="r1").operation.name != first.operation.name


def test_a_template_that_was_made_here_is_the_graph_that_it_says(service: Service) -> None:
    name = f"{PARENT}/workflowTemplates/both"
    made = service.templates.create_workflow_template(parent=PARENT, template=BOTH)
    assert (made.name, made.version) == (name, 1)
    with pytest.raises(AlreadyExists):
        service.templates.create_workflow_template(parent=PARENT, template=BOTH)
    assert service.templates.get_workflow_template(name=name).jobs[0].step_id == "second"
    service.templates.instantiate_workflow_template(name=name)
    assert folders(service) == ["first"]
    assert [each.id for each in service.templates.list_workflow_templates(parent=PARENT)] == ["both"]
    service.templates.delete_workflow_template(name=name)
    with pytest.raises(NotFound):
        service.templates.get_workflow_template(name=name)


@said(nightly="standins:writes")
def test_a_template_that_is_only_named_is_one_job_with_its_parameters(service: Service) -> None:
    asked = {"name": f"{PARENT}/workflowTemplates/nightly", "parameters": {"DAY": "1"}}
    operation = service.templates.instantiate_workflow_template(request=asked)
    assert folders(service) == ["nightly"]
    (birth,) = service.world.lives.values()
    assert (birth.facts["name"], birth.facts["arguments"]) == ("nightly", {"parameters": {"DAY": "1"}})
    assert list(service.jobs.list_jobs(**PLACE)) == []
    assert not operation.done()


@pytest.mark.parametrize("jobs", [[], [{"step_id": "a", "prerequisite_step_ids": ["b"], "pyspark_job": PROGRAM}]])
def test_a_template_that_is_no_graph_is_refused(service: Service, jobs: list[object]) -> None:
    with pytest.raises(InvalidArgument):
        inline(service, template={"id": "x", "jobs": jobs})
