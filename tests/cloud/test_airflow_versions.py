"""What the Execution API of an older Airflow does otherwise; the versions of the API say of which Airflow a client is."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_client import END, ONE, START, TWO, Airflow
from pytest_dagguard.model.operation import conflicts

V30, V31, V32, V33 = "2025-08-10", "2025-11-05", "2026-04-06", "2026-06-30"


@pytest.fixture
def airflow() -> Airflow:
    made = Airflow()
    made.queue(ONE)
    return made


def start(airflow: Airflow, ti_id: str, version: str) -> None:
    assert airflow.ask("PATCH", f"/task-instances/{ti_id}/run", START, version=version)[0] == 200


@pytest.mark.parametrize(("version", "status"), [(V30, 409), (V31, 409), (V32, 409), (V33, 200)])
def test_an_end_that_is_reported_again_is_refused_before_3_3(airflow: Airflow, version: str, status: int) -> None:
    start(airflow, ONE, version)
    end = {"state": "success", "end_date": END}
    path = f"/task-instances/{ONE}/state"
    assert airflow.ask("PATCH", path, end, version=version)[0] == 204
    assert airflow.ask("PATCH", path, end, version=version)[0] == status


@pytest.mark.parametrize(
    ("version", "heartbeat", "fields"), [(V30, 404, 404), (V31, 404, 404), (V32, 410, 404), (V33, 410, 410)]
)
def test_a_try_that_was_superseded_is_told_so(airflow: Airflow, version: str, heartbeat: int, fields: int) -> None:
    start(airflow, ONE, version)
    airflow.queue(TWO, try_number=2)
    beat = {"hostname": "h", "pid": 1}
    assert airflow.ask("PUT", f"/task-instances/{ONE}/heartbeat", beat, version=version)[0] == heartbeat
    assert airflow.ask("PUT", f"/task-instances/{ONE}/rtif", {}, version=version)[0] == fields


@pytest.mark.parametrize(("version", "matters"), [(V30, True), (V31, True), (V32, True), (V33, False)])
def test_before_3_3_the_start_of_a_retry_stops_a_worker_that_has_not_reported_its_fields(
    airflow: Airflow, version: str, matters: bool
) -> None:
    start(airflow, ONE, version)
    fields = airflow.name("PUT", f"/task-instances/{ONE}/rtif", {"a": "b"}, version=version)
    airflow.queue(TWO, try_number=2)
    retry = airflow.name("PATCH", f"/task-instances/{TWO}/run", START, version=version)
    assert conflicts(retry, fields) is matters


@pytest.mark.parametrize(
    ("path", "since"),
    [
        ("/variables/keys", V33),
        (f"/store/ti/{ONE}/job", V33),
        ("/task-instances/breadcrumbs", V32),
        (f"/hitlDetails/{ONE}", V31),
    ],
)
def test_a_route_is_not_there_before_its_time(airflow: Airflow, path: str, since: str) -> None:
    before: Any = {"detail": "Not Found"}
    for version in (V30, V31, V32, V33):
        status, body = airflow.ask("GET", path, version=version)
        if version < since and path != "/variables/keys":
            assert (status, body) == (404, before)
        elif version >= since:
            assert body != before
    # to an older server it is the Variable of that name
    if path == "/variables/keys":
        assert airflow.ask("GET", path, version=V32)[1]["detail"]["reason"] == "not_found"


@pytest.mark.parametrize(("version", "status"), [(V30, 404), (V31, 200), (V33, 200)])
def test_a_name_with_a_slash_leads_nowhere_in_3_0(version: str, status: int) -> None:
    airflow = Airflow(variables={"a/b": "c"})
    assert airflow.ask("GET", "/variables/a/b", version=version)[0] == status


def test_a_server_may_be_said_to_be_newer_than_its_clients(airflow: Airflow) -> None:
    airflow.api.command("server", {"version": V33})
    start(airflow, ONE, V32)
    end = {"state": "success", "end_date": END}
    path = f"/task-instances/{ONE}/state"
    statuses = [airflow.ask("PATCH", path, end, version=V32)[0] for _ in range(2)]
    assert statuses == [204, 200]


@pytest.mark.parametrize(
    ("version", "kind"), [(V30, "manual"), (V31, "manual"), (V32, "manual"), (V33, "operator_triggered")]
)
def test_before_3_3_a_run_that_an_operator_triggers_is_a_manual_one(version: str, kind: str) -> None:
    airflow = Airflow()
    assert airflow.ask("POST", "/dag-runs/child/one", {"conf": {}}, version=version)[0] == 204
    assert airflow.ask("GET", "/dag-runs/child/one", version=V33)[1]["run_type"] == kind
