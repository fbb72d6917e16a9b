"""Calls over gRPC as REST requests: nothing of the message is lost, and an answer or an error is the same over both."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import google.cloud.dataflow_v1beta3 as dataflow
import pytest
from multidict import CIMultiDict

from pytest_dagguard.cloud.calls.dataflow import INTERFACE
from pytest_dagguard.cloud.calls.transcoding import Interface, transcoded
from pytest_dagguard.cloud.emulator import Request, Response

JOBS = "/google.dataflow.v1beta3.JobsV1Beta3"


class Service:
    """Answers REST as it is told to."""

    def __init__(self, status: int = 200, **answer: Any) -> None:
        self.answer = Response(status, (), json.dumps(answer).encode())
        self.asked: list[Request] = []
        self.missing: list[tuple[str, str]] = []

    async def _handle(self, request: Request) -> Response:
        self.asked.append(request)
        return self.answer

    def call(self, path: str, message: bytes, interface: Interface = INTERFACE) -> Response:
        headers = CIMultiDict({"content-type": "application/grpc", "te": "trailers"})
        request = Request("POST", "dataflow.googleapis.com:443", path, "", headers, message)

        def missing(call: str, library: str) -> None:
            self.missing.append((call, library))

        async def body() -> Response:
            return await transcoded(self._handle, interface, missing)(request)

        return asyncio.run(body())


def test_fields_of_the_path_go_there_and_the_others_into_the_query() -> None:
    service = Service(currentState="JOB_STATE_RUNNING", name="a", unknown="is left out")
    kind = dataflow.GetJobRequest
    answer = service.call(
        f"{JOBS}/GetJob", kind.serialize(kind(project_id="p", location="l", job_id="a b", view="JOB_VIEW_ALL"))
    )
    (asked,) = service.asked
    assert (asked.method, asked.path, asked.query) == (
        "GET",
        "/v1b3/projects/p/locations/l/jobs/a%20b",
        "view=JOB_VIEW_ALL",
    )
    assert asked.body == b""
    job = dataflow.Job.deserialize(answer.body)
    assert (job.name, job.current_state) == ("a", dataflow.JobState.JOB_STATE_RUNNING)


def test_a_field_that_is_the_body_is_and_all_of_them_may_be() -> None:
    service = Service()
    update = dataflow.UpdateJobRequest(
        project_id="p", location="l", job_id="j", job=dataflow.Job(requested_state="JOB_STATE_CANCELLED")
    )
    service.call(f"{JOBS}/UpdateJob", dataflow.UpdateJobRequest.serialize(update))
    launch = dataflow.LaunchFlexTemplateRequest(
        project_id="p", location="l", launch_parameter={"job_name": "n", "parameters": {"theDay": "1"}}
    )
    path = "/google.dataflow.v1beta3.FlexTemplatesService/LaunchFlexTemplate"
    service.call(path, dataflow.LaunchFlexTemplateRequest.serialize(launch))
    updated, launched = service.asked
    assert (updated.method, json.loads(updated.body)) == ("PUT", {"requestedState": "JOB_STATE_CANCELLED"})
    assert launched.path == "/v1b3/projects/p/locations/l/flexTemplates:launch"
    assert json.loads(launched.body) == {"launchParameter": {"jobName": "n", "parameters": {"theDay": "1"}}}


@pytest.mark.parametrize(
    ("status", "name", "code"), [(404, "NOT_FOUND", "5"), (409, "ABORTED", "10"), (400, "FAILED_PRECONDITION", "9")]
)
def test_an_error_keeps_its_name_and_text(status: int, name: str, code: str) -> None:
    service = Service(status, error={"code": status, "status": name, "message": "there is none"})
    answer = service.call(f"{JOBS}/GetJob", b"")
    assert (answer.status, dict(answer.headers)) == (status, {"grpc-status": code, "grpc-message": "there is none"})


def test_an_answer_that_is_no_json_stays_as_it_is() -> None:
    service = Service(503)
    service.answer = Response(503, (("Retry-After", "0"),), b"slow down")
    assert service.call(f"{JOBS}/GetJob", b"") == service.answer
    service.answer = Response(0)
    assert service.call(f"{JOBS}/GetJob", b"") == service.answer


def test_a_call_that_is_not_known_comes_as_it_is_for_the_emulator_to_refuse_by_name() -> None:
    service = Service()
    service.call(f"{JOBS}/SnapshotJob", b"message")
    assert [(each.method, each.path) for each in service.asked] == [("POST", f"{JOBS}/SnapshotJob")]


def test_a_request_over_rest_is_let_through() -> None:
    service = Service()
    request = Request("POST", "h", f"{JOBS}/GetJob", "", CIMultiDict({"Content-Type": "application/json"}), b"{}")
    asyncio.run(transcoded(service._handle, INTERFACE, lambda call, library: None)(request))
    assert service.asked == [request]


def test_a_library_that_is_not_there_is_named() -> None:
    service = Service()
    interface = Interface("google-cloud-other", ("google.cloud.other_v1",), INTERFACE.rpcs)
    assert service.call(f"{JOBS}/GetJob", b"", interface).status == 501
    assert service.missing == [(f"{JOBS}/GetJob", "google-cloud-other")]
    assert service.asked == []


def test_a_broken_message_is_an_error_of_the_caller() -> None:
    assert Service().call(f"{JOBS}/GetJob", b"\xff").status == 400


@pytest.mark.parametrize("call", INTERFACE.rpcs)
def test_each_call_has_its_messages_and_no_more_fields_in_its_path_than_they_have(call: str) -> None:
    service = Service()
    assert service.call(call, b"").status == 200
    assert service.missing == []
    (asked,) = service.asked
    assert asked.path.startswith("/v1b3/projects/")
