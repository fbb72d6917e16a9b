"""Dataflow, asked by Google's own client: what is launched lives by the world's clock, and names are unique."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import httplib2
import pytest
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from multidict import CIMultiDict

from pytest_dagguard.cloud.dataflow import DURATION, EMULATOR, STOPPING, Dataflow
from pytest_dagguard.cloud.emulator import Blobs, Caller, Request
from pytest_dagguard.cloud.tap import Tap
from pytest_dagguard.cloud.world import World
from pytest_dagguard.model.errors import NotEmulated
from pytest_dagguard.model.life import Birth, Death

P = {"projectId": "p", "location": "europe-west1"}


class Service:
    """An emulator, its world, and the client's end of the wire."""

    def __init__(self, behaviours: dict[str, str]) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.emulator: Dataflow = EMULATOR(Blobs(), True)
        self.world = World(self.told.append, Tap({}, lambda actor, index: None), {"jobs": behaviours})
        self.world.living["dataflow"] = self.emulator
        self.emulator.attach(self.world)
        self.jobs = build("dataflow", "v1b3", http=self).projects().locations()

    def request(self, uri: str, method: str, body: Any = None, headers: Any = None, **more: Any) -> tuple[Any, bytes]:
        parts = urlsplit(uri)
        assert (parts.scheme, parts.netloc) == ("https", EMULATOR.hosts[0])
        sent = body.encode() if isinstance(body, str) else body or b""
        request = Request(method, parts.netloc, parts.path, parts.query, CIMultiDict(headers or {}), sent)
        self.operation = self.emulator.classify(request)
        answer = self.emulator.apply(request, Caller("attempt 1", {}))
        return httplib2.Response({**dict(answer.headers), "status": str(answer.status)}), answer.body

    def launch(self, name: str, **more: Any) -> dict[str, Any]:
        body = {"jobName": name, "parameters": {"day": "1"}, **more}
        launched: dict[str, Any] = self.jobs.templates().launch(**P, gcsPath="gs://t/t", body=body).execute()["job"]
        return launched

    def state(self, job: dict[str, Any]) -> str:
        return str(self.jobs.jobs().get(**P, jobId=job["id"]).execute()["currentState"])

    def stop(self, job: dict[str, Any], state: str = "JOB_STATE_CANCELLED") -> str:
        body = {"requestedState": state}
        return str(self.jobs.jobs().update(**P, jobId=job["id"], body=body).execute()["currentState"])

    def pass_time(self, seconds: float) -> None:
        until = self.world.clock.now + seconds
        while (alarm := self.world.clock.pop(until)) is not None:
            self.emulator.ring(*alarm.what)


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Service:
    return Service(getattr(request, "param", {}))


def said(**jobs: str) -> pytest.MarkDecorator:
    rows = {f"dataflow:{name}": behaviour for name, behaviour in jobs.items()}
    return pytest.mark.parametrize("service", [rows], indirect=True)


def code(error: pytest.ExceptionInfo[HttpError]) -> tuple[int, str]:
    return error.value.resp.status, json.loads(error.value.content)["error"]["status"]


def test_a_job_of_which_nothing_is_said_succeeds_after_a_while(service: Service) -> None:
    job = service.launch("a")
    assert service.state(job) == "JOB_STATE_RUNNING"
    service.pass_time(DURATION - 1)
    assert service.state(job) == "JOB_STATE_RUNNING"
    service.pass_time(1)
    assert service.state(job) == "JOB_STATE_DONE"


@said(a="fail", b="never-ends")
def test_a_job_does_as_it_is_said(service: Service) -> None:
    fails, stays = service.launch("a"), service.launch("b")
    service.pass_time(100 * DURATION)
    assert (service.state(fails), service.state(stays)) == ("JOB_STATE_FAILED", "JOB_STATE_RUNNING")


@said(a="standins:writes")
def test_what_stands_for_a_job_knows_what_it_was_launched_with(service: Service) -> None:
    job = service.launch("a")
    (birth,) = service.world.lives.values()
    facts = {"id": job["id"], "name": "a", "arguments": {"day": "1"}}
    assert birth == Birth("job dataflow:a#1", "dataflow", "job", "standins:writes", facts)
    service.emulator.ended(birth.actor, Death(1))
    assert service.state(job) == "JOB_STATE_FAILED"


@said(**{"a*": "standins:writes"})
def test_the_suffix_that_an_operator_appends_is_no_part_of_an_actors_name(service: Service) -> None:
    service.launch("a-0123abcd")
    assert list(service.world.lives) == ["job dataflow:a#1"]


def test_of_one_name_one_job_may_be_active(service: Service) -> None:
    service.launch("a")
    with pytest.raises(HttpError) as refused:
        service.launch("a")
    assert code(refused) == (409, "ALREADY_EXISTS")
    assert "There is already an active job named a" in str(refused.value)
    service.launch("b")
    service.pass_time(DURATION)
    service.launch("a")


def test_the_same_name_elsewhere_is_another_job(service: Service) -> None:
    service.launch("a")
    other = {"projectId": "p", "location": "us-east1"}
    service.jobs.templates().launch(**other, gcsPath="gs://t/t", body={"jobName": "a"}).execute()


def test_a_creation_with_the_id_of_a_request_gives_the_job_that_is_there(service: Service) -> None:
    def create(request: str) -> dict[str, Any]:
        created: dict[str, Any] = (
            service.jobs.jobs().create(**P, body={"name": "a", "clientRequestId": request}).execute()
        )
        return created

    first = create("r1")
    assert create("r1")["id"] == first["id"]
    # of another request the SDK is given the active job, and sees by its id that it is not its own
    assert create("r2")["clientRequestId"] == "r1"
    service.pass_time(DURATION)
    assert create("r1")["id"] == first["id"]
    assert create("r2")["id"] != first["id"]


def test_a_flex_template_is_launched_in_both_spellings(service: Service) -> None:
    for name, key in (("a", "launchParameter"), ("b", "launch_parameter")):
        body = {key: {"jobName": name, "containerSpecGcsPath": "gs://t/t", "parameters": {"x": "1"}}}
        job = service.jobs.flexTemplates().launch(**P, body=body).execute()["job"]
        assert service.state(job) == "JOB_STATE_RUNNING"


@said(a="standins:writes")
def test_a_job_that_is_cancelled_does_nothing_more_and_ends(service: Service) -> None:
    job = service.launch("a")
    assert service.stop(job) == "JOB_STATE_CANCELLING"
    assert service.world.lives == {}
    service.pass_time(STOPPING)
    assert service.state(job) == "JOB_STATE_CANCELLED"
    assert service.emulator.entries() == {}
    with pytest.raises(HttpError) as refused:
        service.stop(job)
    assert code(refused) == (400, "FAILED_PRECONDITION")


def test_streaming_jobs_go_on_until_they_are_drained_and_batch_jobs_cannot_be(service: Service) -> None:
    batch, streaming = service.launch("a"), service.launch("b", environment={"enableStreamingEngine": True})
    with pytest.raises(HttpError) as refused:
        service.stop(batch, "JOB_STATE_DRAINED")
    assert code(refused) == (400, "FAILED_PRECONDITION")
    service.pass_time(100 * DURATION)
    assert service.state(streaming) == "JOB_STATE_RUNNING"
    assert service.stop(streaming, "JOB_STATE_DRAINED") == "JOB_STATE_DRAINING"
    service.pass_time(STOPPING)
    assert service.state(streaming) == "JOB_STATE_DRAINED"


@said(a="never-ends")
def test_a_limit_that_the_service_enforces_ends_a_job(service: Service) -> None:
    option = "max_workflow_runtime_walltime_seconds=3600"
    job = service.launch("a", environment={"additionalExperiments": [option]})
    assert service.emulator.running() == {f"job://dataflow/a/{job['id']}": 3600.0}
    service.pass_time(3600)
    assert service.state(job) == "JOB_STATE_CANCELLED"
    assert service.emulator.running() == {}


@said(a="never-ends", b="fail")
def test_the_state_has_jobs_that_live_or_are_done(service: Service) -> None:
    jobs = [service.launch(name) for name in "abc"]
    assert {name.split("/")[3] for name in service.emulator.entries()} == {"a", "b", "c"}
    service.pass_time(DURATION)
    left = service.emulator.entries()
    assert list(left) == [f"job://dataflow/{name}/{job['id']}" for name, job in zip("abc", jobs) if name != "b"]
    assert {each.kind for each in left.values()} == {"job"}
    assert service.emulator.entries(["job://dataflow/a#runs"]).keys() == {f"job://dataflow/a/{jobs[0]['id']}"}
    assert service.emulator.running() == {f"job://dataflow/a/{jobs[0]['id']}": float("inf")}


def test_jobs_are_listed_by_place_name_and_whether_they_are_active(service: Service) -> None:
    listed = service.jobs.jobs().list
    assert listed(**P).execute() == {}
    service.launch("a")
    service.pass_time(DURATION)
    service.launch("b")

    def names(**more: str) -> list[str]:
        return [each["name"] for each in listed(**P, **more).execute().get("jobs", [])]

    assert names() == ["b", "a"]
    assert (names(filter="ACTIVE"), names(filter="TERMINATED"), names(name="a")) == (["b"], ["a"], ["a"])
    assert listed(projectId="p", location="us-east1").execute() == {}


def test_messages_and_metrics_are_those_of_a_job_of_which_little_is_known(service: Service) -> None:
    job = service.launch("a")
    service.pass_time(DURATION)
    messages = service.jobs.jobs().messages().list(**P, jobId=job["id"]).execute()["jobMessages"]
    assert [each["messageText"].split()[-1] for each in messages] == ["JOB_STATE_RUNNING.", "JOB_STATE_DONE."]
    assert service.jobs.jobs().getMetrics(**P, jobId=job["id"]).execute()["metrics"] == []


def test_a_job_that_is_not_there_is_not_found(service: Service) -> None:
    with pytest.raises(HttpError) as refused:
        service.state({"id": "2024-01-01_00_00_00-1"})
    assert code(refused) == (404, "NOT_FOUND")


@pytest.mark.parametrize("name", ["", "A", "a_b", "a-"])
def test_a_name_that_dataflow_does_not_take_is_refused(service: Service, name: str) -> None:
    with pytest.raises(HttpError) as refused:
        service.launch(name)
    assert code(refused) == (400, "INVALID_ARGUMENT")


def test_what_is_not_answered_truly_is_refused_by_name(service: Service) -> None:
    with pytest.raises(NotEmulated, match="update of a running job"):
        service.launch("a", update=True)
    with pytest.raises(NotEmulated, match="snapshot"):
        service.jobs.jobs().snapshot(**P, jobId="x", body={}).execute()


def test_a_launch_and_a_look_at_another_job_do_not_meet(service: Service) -> None:
    job = service.launch("a")
    launch = service.operation
    assert (launch.verb, launch.resource) == ("templates.launch", "job://dataflow/a")
    service.state(job)
    assert service.operation.reads == {f"job://dataflow/a/{job['id']}"}
    assert not service.operation.reads & launch.writes


def test_a_kept_state_comes_back(service: Service) -> None:
    job = service.launch("a")
    kept, world = service.emulator.snapshot(), service.world.clock.snapshot()
    service.pass_time(DURATION)
    service.launch("b")
    service.emulator.restore(kept)
    service.world.clock.restore(world)
    assert service.state(job) == "JOB_STATE_RUNNING"
    service.pass_time(DURATION)
    assert service.state(job) == "JOB_STATE_DONE"
