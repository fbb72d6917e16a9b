"""What a worker of Airflow 2 asks of its database: rows in the database's order, and names of what was read."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from multidict import CIMultiDict

from pytest_dagguard.cloud.airflow_api import EMULATOR, AirflowApi
from pytest_dagguard.cloud.emulator import Blobs, Caller, Request
from pytest_dagguard.model.errors import NotEmulated
from pytest_dagguard.model.operation import Operation, conflicts

ONE, TWO = "0190b1b0-0000-7000-8000-000000000001", "0190b1b0-0000-7000-8000-000000000002"


@pytest.fixture
def api() -> AirflowApi:
    """Two days of a DAG, of which the later one pushed first."""
    made: AirflowApi = EMULATOR(Blobs(), True)
    for day in (1, 2):
        run = {"dag_id": "d", "run_id": f"r{day}", "logical_date": f"2024-01-0{day}T00:00:00Z"}
        made.command("dag_run", {**run, "state": "running"})
        made.command("tasks", {"dag_id": "d", "task_ids": ["a", "b"]})
    for place in ("r2/a/x", "r2/b/x", "r1/a/x", "r1/b/y"):
        ask(made, "POST", f"xcoms/d/{place}", body=place)
    return made


def ask(api: AirflowApi, method: str, path: str, body: Any = None, **query: Any) -> Any:
    data = b"" if body is None else json.dumps(body).encode()
    request = Request(method, "x", f"/execution/{path}", urlencode(query, doseq=True), CIMultiDict(), data)
    response = api.apply(request, Caller("attempt 1", {}))
    assert response.status < 400, response.body
    return json.loads(response.body or b"null")


def named(api: AirflowApi, path: str, **query: Any) -> Operation:
    return api.classify(Request("GET", "x", f"/execution/{path}", urlencode(query, doseq=True), CIMultiDict(), b""))


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ({"run_id": "r2"}, ["r2/b/x", "r2/a/x"]),
        ({"run_id": "r2", "include_prior_dates": "true"}, ["r2/b/x", "r2/a/x", "r1/b/y", "r1/a/x"]),
        ({"run_id": "r1", "include_prior_dates": "true"}, ["r1/b/y", "r1/a/x"]),
        ({"run_id": "r1", "key": "y", "dag_id": ["d"]}, ["r1/b/y"]),
        ({"run_id": "r2", "task_id": ["a", "c"]}, ["r2/a/x"]),
        ({"run_id": "r2", "dag_id": ["other"]}, []),
    ],
)
def test_xcoms_come_newest_run_first_and_then_newest_first(api: AirflowApi, query: Any, values: list[str]) -> None:
    assert [each["value"] for each in ask(api, "GET", "metadata-database/xcoms", **query)] == values


def test_runs_and_task_instances_are_told(api: AirflowApi) -> None:
    runs = ask(api, "GET", "metadata-database/dag-runs", dag_id=["d", "other"])
    assert [(each["run_id"], each["state"]) for each in runs] == [("r1", "running"), ("r2", "running")]
    rows = ask(api, "GET", "metadata-database/task-instances", dag_id="d", run_id="r2")
    assert [(each["task_id"], each["state"]) for each in rows] == [("a", None), ("b", None)]


@pytest.mark.parametrize(
    ("path", "query", "touched"),
    [
        ("xcoms", {"run_id": "r1", "dag_id": "d", "task_id": "a"}, True),
        ("xcoms", {"run_id": "r1", "dag_id": "d"}, True),
        ("xcoms", {"run_id": "r1"}, True),
        ("xcoms", {"run_id": "r2", "dag_id": "d", "include_prior_dates": "true"}, True),
        ("xcoms", {"run_id": "r2", "dag_id": "d", "include_prior_dates": "false"}, False),
        ("xcoms", {"run_id": "r1", "dag_id": "d", "task_id": "b", "include_prior_dates": "false"}, False),
        ("dag-runs", {"dag_id": "d"}, False),
    ],
)
def test_a_push_conflicts_with_what_reads_it(api: AirflowApi, path: str, query: Any, touched: bool) -> None:
    push = api.classify(Request("POST", "x", "/execution/xcoms/d/r1/a/x", "", CIMultiDict(), b"1"))
    assert conflicts(push, named(api, f"metadata-database/{path}", **query)) is touched


def test_anything_else_is_refused_by_its_name(api: AirflowApi) -> None:
    with pytest.raises(NotEmulated, match="SELECT slot_pool"):
        named(api, "metadata-database/SELECT%20slot_pool")


def test_when_a_task_was_rescheduled_is_told_of_all_its_tries(api: AirflowApi) -> None:
    place = {"dag_id": "d", "run_id": "r2", "task_id": "a", "map_index": -1}
    for number, ti_id in ((1, ONE), (2, TWO)):
        api.command("queue", {**place, "ti_id": ti_id, "try_number": number, "max_tries": 1})
        start = {"state": "running", "hostname": "h", "unixname": "u", "pid": 1, "start_date": "2024-01-02T00:00:00Z"}
        ask(api, "PATCH", f"task-instances/{ti_id}/run", body=start)
        later = {"reschedule_date": "2024-01-02T01:00:00Z", "end_date": "2024-01-02T00:00:30Z"}
        ask(api, "PATCH", f"task-instances/{ti_id}/state", body={"state": "up_for_reschedule", **later})
    found = ask(api, "GET", "metadata-database/task-reschedules", **place, try_number=2)
    assert [each["try_number"] for each in found] == [1, 2]
