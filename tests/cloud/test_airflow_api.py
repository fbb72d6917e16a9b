"""The Execution API emulator: footprints, state, snapshots, connections and what the director does to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from multidict import CIMultiDict

from pytest_dagguard.cloud.airflow_api import EMULATOR, AirflowApi
from pytest_dagguard.cloud.airflow_store import Store
from pytest_dagguard.cloud.emulator import Blobs, Caller, Emulator, Request
from pytest_dagguard.model.errors import DagguardError, NotEmulated
from pytest_dagguard.model.operation import Operation, conflicts
from pytest_dagguard.model.seed import Seed

ONE, TWO = "0190b1b0-0000-7000-8000-000000000001", "0190b1b0-0000-7000-8000-000000000002"
NOON = datetime(2024, 1, 2, 12, tzinfo=timezone.utc)
START = {"state": "running", "hostname": "h", "unixname": "u", "pid": 1, "start_date": "2024-01-02T00:00:00Z"}
END = "2024-01-02T00:00:30Z"


class Airflow:
    """Speaks to the emulator as a task does."""

    def __init__(self, **seed: Any) -> None:
        self.api: AirflowApi = EMULATOR(Blobs(), True)
        self.api.now = lambda: NOON
        self.api.seed(Seed(**seed))
        self.api.command("dag_run", {"dag_id": "d", "run_id": "r", "logical_date": "2024-01-02T00:00:00+00:00"})
        self.api.command("tasks", {"dag_id": "d", "task_ids": ["a", "b", "m"]})

    def request(
        self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None, version: str = ""
    ) -> Request:
        content = b"" if body is None else json.dumps(body).encode()
        headers = CIMultiDict({"airflow-api-version": version or "2026-06-30"})
        return Request(method, "x", f"/execution{quote(path)}", urlencode(query or {}, doseq=True), headers, content)

    def name(self, *args: Any, **kwargs: Any) -> Operation:
        return self.api.classify(self.request(*args, **kwargs))

    def ask(self, *args: Any, endpoints: Mapping[str, str] | None = None, **kwargs: Any) -> tuple[int, Any]:
        answer = self.api.apply(self.request(*args, **kwargs), Caller("attempt 1", endpoints or {}))
        return answer.status, json.loads(answer.body) if answer.body else None

    def queue(self, ti_id: str, try_number: int = 1, task_id: str = "a", map_index: int = -1, **more: Any) -> None:
        payload = {"dag_id": "d", "run_id": "r", "task_id": task_id, "map_index": map_index, "ti_id": ti_id}
        self.api.command("queue", {**payload, "try_number": try_number, "max_tries": 1, **more})

    def start(self, ti_id: str = ONE) -> tuple[int, Any]:
        return self.ask("PATCH", f"/task-instances/{ti_id}/run", START)

    def state(self, ti_id: str, state: str, **more: Any) -> tuple[int, Any]:
        return self.ask("PATCH", f"/task-instances/{ti_id}/state", {"state": state, **more})

    def ti(self, **which: Any) -> Any:
        return self.api.command("ti", which)

    def contents(self) -> dict[str, Any]:
        return {name: json.loads(self.api.blobs.contents[each.digest]) for name, each in self.api.entries().items()}


@pytest.fixture
def airflow() -> Airflow:
    return Airflow()


def test_is_an_emulator() -> None:
    emulator: Emulator = EMULATOR(Blobs(), True)
    assert emulator.name == "airflow"
    assert emulator.environment("http://127.0.0.1:1") == {
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "http://127.0.0.1:1/execution/"
    }
    assert emulator.connection({"conn_type": "http"}, "http://127.0.0.1:1") is None


def test_does_not_import_airflow() -> None:
    code = "import sys, pytest_dagguard.cloud.airflow_api; sys.exit('airflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


# Footprints


@pytest.mark.parametrize(
    ("method", "path", "verb", "resource", "reads", "writes"),
    [
        ("PUT", f"/task-instances/{ONE}/heartbeat", "ti.heartbeat", "ti://d/r/a#1", {"ti://d/r/a#1"}, set()),
        ("PUT", f"/task-instances/{ONE}/rtif", "rtif.set", "ti://d/r/a#1", {"ti://d/r/a#1"}, {"ti://d/r/a#1"}),
        ("GET", "/xcoms/d/r/a/k", "xcom.get", "xcom://d/r/a/k", {"xcom://d/r/a/k"}, set()),
        ("POST", "/xcoms/d/r/a/k", "xcom.set", "xcom://d/r/a/k", set(), {"xcom://d/r/a/k"}),
        ("DELETE", "/xcoms/d/r/a/k", "xcom.delete", "xcom://d/r/a/k", set(), {"xcom://d/r/a/k"}),
        ("HEAD", "/xcoms/d/r/a/k", "xcom.count", "xcom://d/r/a/k", {"xcom://d/r/a/k", "xcom://d/r/a[*"}, set()),
        ("GET", "/xcoms/d/r/a/k/slice", "xcom.slice", "xcom://d/r/a/k", {"xcom://d/r/a/k", "xcom://d/r/a[*"}, set()),
        ("GET", "/variables/v", "variable.get", "variable://v", {"variable://v"}, set()),
        ("PUT", "/variables/v", "variable.set", "variable://v", set(), {"variable://v"}),
        ("DELETE", "/variables/v", "variable.delete", "variable://v", set(), {"variable://v"}),
        ("GET", "/variables/keys", "variable.keys", "variable://*", {"variable://*"}, set()),
        ("GET", "/connections/c", "connection.get", "connection://c", {"connection://c"}, set()),
        ("POST", "/dag-runs/e/x", "dagrun.trigger", "dagrun://e/x", {"dagrun://e/x"}, {"dagrun://e/x"}),
        ("GET", "/dag-runs/e/x/state", "dagrun.state", "dagrun://e/x", {"dagrun://e/x"}, set()),
        ("GET", f"/store/ti/{ONE}/j", "task-state.get", "task-state://d/r/a/j", {"task-state://d/r/a/j"}, set()),
        ("PUT", f"/store/ti/{ONE}/j", "task-state.set", "task-state://d/r/a/j", set(), {"task-state://d/r/a/j"}),
        ("DELETE", f"/store/ti/{ONE}", "task-state.clear", "task-state://d/r/a/*", set(), {"task-state://d/r/a/*"}),
    ],
)
def test_footprints(
    airflow: Airflow, method: str, path: str, verb: str, resource: str, reads: set[str], writes: set[str]
) -> None:
    airflow.queue(ONE)
    operation = airflow.name(method, path)
    assert (operation.service, operation.verb, operation.resource) == ("airflow", verb, resource)
    assert (set(operation.reads), set(operation.writes)) == (reads, writes)


def test_a_start_reads_what_it_tells_the_task_to_delete(airflow: Airflow) -> None:
    airflow.queue(ONE)
    start = airflow.name("PATCH", f"/task-instances/{ONE}/run", START)
    assert start.writes == {"ti://d/r/a#1"}
    assert conflicts(start, airflow.name("POST", "/xcoms/d/r/a/return_value", 1))
    assert conflicts(start, airflow.name("POST", "/xcoms/d/r/a/k", 1, {"map_index": 2}))
    assert not conflicts(start, airflow.name("POST", "/xcoms/d/r/b/return_value", 1))


def test_two_tries_do_not_conflict_in_what_they_report_of_themselves(airflow: Airflow) -> None:
    airflow.queue(ONE)
    airflow.start(ONE)
    airflow.queue(TWO, 2)
    old = airflow.name("PATCH", f"/task-instances/{ONE}/state", {"state": "success", "end_date": END})
    new = airflow.name("PATCH", f"/task-instances/{TWO}/run", START)
    assert old.resource == "ti://d/r/a#1"
    assert new.resource == "ti://d/r/a#2"
    assert not conflicts(old, new)


def test_a_mapped_task_has_its_index_in_its_names(airflow: Airflow) -> None:
    airflow.queue(ONE, task_id="m", map_index=3)
    assert airflow.name("GET", "/xcoms/d/r/m/k", None, {"map_index": 3}).resource == "xcom://d/r/m[3]/k"
    assert airflow.name("GET", f"/store/ti/{ONE}/k").resource == "task-state://d/r/m[3]/k"
    assert airflow.name("PATCH", f"/task-instances/{ONE}/run", START).resource == "ti://d/r/m[3]#1"


def test_skipping_writes_the_skipped(airflow: Airflow) -> None:
    airflow.queue(ONE)
    skip = airflow.name("PATCH", f"/task-instances/{ONE}/skip-downstream", {"tasks": ["b", "nope"]})
    assert skip.writes == {"ti://d/r/b#0"}


def test_questions_about_tasks_conflict_with_their_ends(airflow: Airflow) -> None:
    airflow.queue(ONE)
    end = airflow.name("PATCH", f"/task-instances/{ONE}/state", {"state": "success", "end_date": END})
    asked = {"dag_id": "d", "run_ids": ["r"], "task_ids": ["a"]}
    assert conflicts(end, airflow.name("GET", "/task-instances/count", None, asked))
    assert conflicts(end, airflow.name("GET", "/task-instances/states", None, {"dag_id": "d"}))
    assert not conflicts(end, airflow.name("GET", "/task-instances/count", None, {**asked, "task_ids": ["b"]}))


def test_a_success_with_outlets_writes_their_events(airflow: Airflow) -> None:
    airflow.queue(ONE)
    payload = {"state": "success", "end_date": END, "task_outlets": [{"name": "n", "uri": "u", "type": "Asset"}]}
    end = airflow.name("PATCH", f"/task-instances/{ONE}/state", payload)
    assert conflicts(end, airflow.name("GET", "/asset-events/by-asset", None, {"name": "n", "uri": ""}))


def test_what_is_malformed_touches_nothing(airflow: Airflow) -> None:
    operation = airflow.name("PATCH", "/task-instances/nonsense/run", START)
    assert (operation.reads, operation.writes) == (frozenset(), frozenset())
    assert airflow.ask("PATCH", "/task-instances/nonsense/run", START)[0] == 422


def test_broken_json_is_refused_as_by_a_server(airflow: Airflow) -> None:
    request = airflow.request("PUT", "/variables/v")
    broken = Request(request.method, request.host, request.path, request.query, request.headers, b"{")
    answer = airflow.api.apply(broken, Caller("attempt 1", {}))
    assert (answer.status, json.loads(answer.body)["detail"][0]["type"]) == (422, "json_invalid")


# The state


def test_entries(airflow: Airflow) -> None:
    airflow.queue(ONE)
    airflow.start()
    airflow.ask("POST", "/xcoms/d/r/a/k", {"b": 1, "a": 2})
    airflow.ask("PUT", f"/store/ti/{ONE}/job", {"value": "id"})
    airflow.ask("PUT", "/variables/v", {"val": "1"})
    airflow.ask("PUT", "/store/asset/by-name/value", {"value": 5}, {"name": "n", "key": "mark"})
    airflow.ask("POST", "/dag-runs/child/x", {"conf": {"day": 1}, "logical_date": "2024-02-01T00:00:00Z"})
    airflow.ask("PUT", f"/task-instances/{ONE}/rtif", {"field": "rendered"})
    entries = airflow.api.entries()
    assert {name: each.kind for name, each in entries.items()} == {
        "xcom://d/r/a/k": "xcom",
        "task-state://d/r/a/job": "task-state",
        "variable://v": "variable",
        "asset-state://n/mark": "task-state",
        "dagrun://child/x": "child-run",
    }
    contents = airflow.contents()
    assert contents["dagrun://child/x"] == {"conf": {"day": 1}, "logical_date": "2024-02-01T00:00:00Z"}
    assert airflow.api.blobs.contents[entries["xcom://d/r/a/k"].digest] == b'{"a": 2, "b": 1}'
    assert entries["xcom://d/r/a/k"].size == 16


def test_entries_by_name_and_prefix(airflow: Airflow) -> None:
    for key in ("k", "kk"):
        airflow.ask("POST", f"/xcoms/d/r/a/{key}", 1)
    airflow.ask("PUT", "/variables/v", {"val": "1"})
    assert set(airflow.api.entries(["xcom://d/r/a/k"])) == {"xcom://d/r/a/k"}
    assert set(airflow.api.entries(["xcom://d/r/a/*"])) == {"xcom://d/r/a/k", "xcom://d/r/a/kk"}
    assert airflow.api.entries([]) == {}
    assert airflow.api.entries(["nope"]) == {}


def test_clearing_a_child_run_that_has_ended_is_a_change_but_not_of_its_content(airflow: Airflow) -> None:
    airflow.ask("POST", "/dag-runs/child/x", {})
    airflow.api.command("dag_run", {"dag_id": "child", "run_id": "x", "state": "success"})
    before = airflow.api.entries()["dagrun://child/x"]
    assert airflow.ask("POST", "/dag-runs/child/x/clear")[0] == 204
    after = airflow.api.entries()["dagrun://child/x"]
    assert before.digest == after.digest
    assert (before.version, after.version) == ("0", "1")
    assert airflow.ask("POST", "/dag-runs/child/x/clear")[0] == 204  # and now it is under way
    assert airflow.api.entries()["dagrun://child/x"].digest != before.digest


def test_every_change_of_state_is_among_the_writes(airflow: Airflow) -> None:
    airflow.queue(ONE)
    named = {"name": "n", "key": "mark"}
    for method, path, body, query in [
        ("PATCH", f"/task-instances/{ONE}/run", START, {}),
        ("POST", "/xcoms/d/r/a/k", 1, {"map_index": 1}),
        ("DELETE", "/xcoms/d/r/a/k", None, {"map_index": 1}),
        ("PUT", f"/store/ti/{ONE}/job", {"value": 1}, {}),
        ("DELETE", f"/store/ti/{ONE}/job", None, {}),
        ("PUT", f"/store/ti/{ONE}/job", {"value": 1}, {}),
        ("DELETE", f"/store/ti/{ONE}", None, {}),
        ("PUT", "/variables/v", {"val": "1"}, {}),
        ("DELETE", "/variables/v", None, {}),
        ("PUT", "/store/asset/by-name/value", {"value": 1}, named),
        ("DELETE", "/store/asset/by-name/clear", None, {"name": "n"}),
        ("POST", "/dag-runs/child/x", {}, {}),
        ("POST", "/dag-runs/child/x/clear", None, {}),
        ("PATCH", f"/task-instances/{ONE}/state", {"state": "success", "end_date": END}, {}),
    ]:
        writes = airflow.name(method, path, body, query).writes
        before = airflow.api.entries()
        airflow.ask(method, path, body, query)
        after = airflow.api.entries()
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        assert all(set(airflow.api.entries(writes)) >= {name} or name not in after for name in changed), path
        assert bool(changed) == (path not in (f"/task-instances/{ONE}/run", f"/task-instances/{ONE}/state")), path


def test_snapshots_are_independent_and_can_be_used_again(airflow: Airflow) -> None:
    airflow.queue(ONE)
    airflow.start()
    airflow.ask("POST", "/xcoms/d/r/a/k", [1])
    kept, entries = airflow.api.snapshot(), airflow.api.entries()
    for _ in range(2):
        airflow.ask("POST", "/xcoms/d/r/a/k", [2])
        airflow.ask("POST", "/xcoms/d/r/b/k", [2])
        airflow.ask("POST", "/dag-runs/child/x", {})
        airflow.queue(TWO, 2)
        assert airflow.api.entries() != entries
        airflow.api.restore(kept)
        assert airflow.api.entries() == entries
        assert airflow.ti(ti_id=TWO) is None
        assert airflow.ti(ti_id=ONE)["state"] == "running"


def test_a_replay_gives_the_same_ids(airflow: Airflow) -> None:
    kept = airflow.api.snapshot()
    found = []
    for _ in range(2):
        airflow.api.restore(kept)
        airflow.queue(ONE)
        airflow.start()
        airflow.state(ONE, "up_for_retry", end_date=END)
        found.append(airflow.ti(dag_id="d", run_id="r", task_id="a")["id"])
    assert found[0] == found[1] != ONE


# Connections


@pytest.mark.parametrize(
    ("conn_id", "conn_type"),
    [
        ("aws_default", "aws"),
        ("google_cloud_default", "google_cloud_platform"),
        ("kubernetes_default", "kubernetes"),
        ("redis_default", "redis"),
        ("fs_default", "fs"),
        ("http_default", "http"),
    ],
)
def test_well_known_connections_need_no_seed(airflow: Airflow, conn_id: str, conn_type: str) -> None:
    status, connection = airflow.ask("GET", f"/connections/{conn_id}")
    assert (status, connection["conn_id"], connection["conn_type"]) == (200, conn_id, conn_type)
    assert set(connection) == {"conn_id", "conn_type", "host", "schema", "login", "password", "port", "extra"}


def test_a_seeded_connection_wins_and_has_its_wire_form() -> None:
    airflow = Airflow(connections={"aws_default": {"conn_type": "aws", "port": "80", "extra": {"b": 1, "a": 2}}})
    connection = airflow.ask("GET", "/connections/aws_default")[1]
    assert (connection["port"], connection["extra"]) == (80, '{"a": 2, "b": 1}')


def test_the_first_rewriter_that_knows_the_type_rewrites(airflow: Airflow) -> None:
    asked = []

    def other(connection: dict[str, Any], endpoints: Mapping[str, str]) -> None:
        asked.append(connection["conn_id"])

    def s3(connection: dict[str, Any], endpoints: Mapping[str, str]) -> dict[str, Any] | None:
        if connection["conn_type"] != "aws":
            return None
        return {**connection, "extra": json.dumps({"endpoint_url": endpoints["s3"]})}

    airflow.api.rewriters = [other, s3]
    endpoints = {"s3": "http://127.0.0.1:9"}
    connection = airflow.ask("GET", "/connections/aws_default", endpoints=endpoints)[1]
    assert json.loads(connection["extra"]) == {"endpoint_url": "http://127.0.0.1:9"}
    assert airflow.ask("GET", "/connections/http_default", endpoints=endpoints)[1]["extra"] is None
    assert asked == ["aws_default", "http_default"]


# The seed


def test_seeded_variables_and_xcoms_are_there() -> None:
    airflow = Airflow(variables={"v": "1"}, xcoms={"d": {"up": {"return_value": [1, 2]}}})
    assert airflow.ask("GET", "/variables/v") == (200, {"key": "v", "value": "1"})
    assert airflow.ask("GET", "/xcoms/d/r/up/return_value")[1]["value"] == [1, 2]
    airflow.api.command("dag_run", {"dag_id": "d", "run_id": "other"})
    assert airflow.ask("GET", "/xcoms/d/other/up/return_value")[1]["value"] == [1, 2]
    assert airflow.ask("GET", "/xcoms/e/r/up/return_value")[0] == 404


def test_a_seed_after_the_run_is_registered_reaches_it(airflow: Airflow) -> None:
    airflow.api.seed(Seed(xcoms={"d": {"up": {"k": 1}}}))
    assert airflow.ask("GET", "/xcoms/d/r/up/k")[0] == 200


# What the director does


def test_a_superseded_try_is_archived_whatever_its_state(airflow: Airflow) -> None:
    airflow.queue(ONE)
    airflow.start()
    airflow.queue(TWO, 2)
    beat = {"hostname": "h", "pid": 1}
    status, body = airflow.ask("PUT", f"/task-instances/{ONE}/heartbeat", beat)
    assert (status, body["detail"]["reason"]) == (410, "not_found")
    assert airflow.state(ONE, "success", end_date=END)[0] == 404
    assert airflow.start(ONE)[0] == 404
    assert airflow.ti(ti_id=ONE)["archived"]
    assert airflow.start(TWO)[1]["should_retry"] is False
    assert airflow.ti(ti_id=TWO)["state"] == "running"


def test_a_second_delivery_of_one_try_is_refused(airflow: Airflow) -> None:
    airflow.queue(ONE)
    assert airflow.start()[0] == 200
    status, body = airflow.ask("PATCH", f"/task-instances/{ONE}/run", {**START, "pid": 2})
    assert status == 409
    assert (body["detail"]["reason"], body["detail"]["previous_state"]) == ("invalid_state", "running")


def test_a_retry_keeps_the_task_state_and_lists_the_xcoms_to_clear(airflow: Airflow) -> None:
    airflow.queue(ONE)
    assert airflow.start()[1]["should_retry"] is True
    airflow.ask("POST", "/xcoms/d/r/a/return_value", 1)
    airflow.ask("PUT", f"/store/ti/{ONE}/job", {"value": "id"})
    airflow.state(ONE, "up_for_retry", end_date=END, retry_delay_seconds=5)
    airflow.queue(TWO, 2)
    assert airflow.start(TWO)[1]["xcom_keys_to_clear"] == ["return_value"]
    assert airflow.ask("GET", f"/store/ti/{TWO}/job") == (200, {"value": "id"})
    assert airflow.contents()["xcom://d/r/a/return_value"] == 1


def test_a_deferral_goes_on_with_the_same_id(airflow: Airflow) -> None:
    airflow.queue(ONE)
    airflow.start()
    airflow.state(ONE, "deferred", classpath="p.T", trigger_kwargs={"a": 1}, trigger_timeout="PT60S", next_method="go")
    trigger = airflow.ti(ti_id=ONE)["trigger"]
    assert trigger == {"classpath": "p.T", "kwargs": {"a": 1}, "timeout": 60.0, "queue": None}
    airflow.queue(ONE, next_kwargs={"event": "done"})
    status, context = airflow.start()
    assert (status, context["next_method"], context["next_kwargs"]) == (200, "go", {"event": "done"})
    airflow.queue(TWO, 2)
    assert "next_method" not in airflow.start(TWO)[1]


def test_reschedules_are_counted_within_a_try(airflow: Airflow) -> None:
    airflow.queue(ONE)
    airflow.start()
    airflow.state(ONE, "up_for_reschedule", end_date=END, reschedule_date="2024-01-02T01:00:00Z")
    assert airflow.ti(ti_id=ONE)["reschedule_date"] == datetime(2024, 1, 2, 1, tzinfo=timezone.utc)
    airflow.queue(ONE)
    assert airflow.start()[1]["task_reschedule_count"] == 1
    assert airflow.ask("GET", f"/task-reschedules/{ONE}/start_date") == (200, "2024-01-02T12:00:00Z")
    airflow.queue(TWO, 2)
    assert airflow.start(TWO)[1]["task_reschedule_count"] == 0


def test_registering_again_changes_nothing(airflow: Airflow) -> None:
    airflow.queue(ONE)
    airflow.start()
    before = airflow.api.snapshot()
    airflow.api.command("dag_run", {"dag_id": "d", "run_id": "r", "logical_date": "2024-01-02T00:00:00+00:00"})
    airflow.api.command("tasks", {"dag_id": "d", "task_ids": ["a", "b", "m"]})
    assert airflow.api.snapshot() == before


def test_lengths_of_mapped_upstream_tasks_can_be_counted(airflow: Airflow) -> None:
    airflow.queue(ONE, lengths={"m": 3})
    asked = {"dag_id": "d", "run_ids": ["r"], "task_ids": ["m"]}
    assert airflow.ask("GET", "/task-instances/count", None, asked) == (200, 3)


def test_states_from_outside(airflow: Airflow) -> None:
    airflow.api.command("state", {"dag_id": "d", "run_id": "r", "task_id": "b", "state": "success"})
    states = airflow.ask("GET", "/task-instances/states", None, {"dag_id": "d"})[1]["task_states"]
    assert states == {"r": {"a": None, "b": "success", "m": None}}


def test_skips_do_not_touch_what_runs_or_has_ended(airflow: Airflow) -> None:
    airflow.queue(ONE)
    airflow.start()
    airflow.api.command("state", {"dag_id": "d", "run_id": "r", "task_id": "b", "state": "failed"})
    assert airflow.ask("PATCH", f"/task-instances/{ONE}/skip-downstream", {"tasks": ["a", "b", "m"]})[0] == 204
    assert [airflow.ti(dag_id="d", run_id="r", task_id=each)["state"] for each in "abm"] == [
        "running",
        "failed",
        "skipped",
    ]


def test_what_child_runs_come_to(airflow: Airflow) -> None:
    airflow.ask("POST", "/dag-runs/child/x", {})
    path = "/dag-runs/child/x/state"
    assert airflow.ask("GET", path) == (200, {"state": "success"})
    airflow.api.command("child_runs", {"state": None})
    assert airflow.ask("GET", path) == (200, {"state": "queued"})
    airflow.api.command("dag_run", {"dag_id": "child", "run_id": "x", "state": "failed"})
    assert airflow.ask("GET", path) == (200, {"state": "failed"})
    assert airflow.ask("GET", "/dag-runs/child/x")[1]["end_date"] == "2024-01-02T12:00:00Z"


def test_a_child_run_is_started_once(airflow: Airflow) -> None:
    assert airflow.ask("POST", "/dag-runs/child/x", {})[0] == 204
    status, body = airflow.ask("POST", "/dag-runs/child/x", {})
    assert (status, body["detail"]["reason"]) == (409, "already_exists")


def test_dags_that_do_not_exist(airflow: Airflow) -> None:
    airflow.api.command("dags", {"dag_ids": ["d"]})
    assert airflow.ask("POST", "/dag-runs/child/x", {})[0] == 404
    assert airflow.ask("GET", "/dags/child")[0] == 404
    assert airflow.ask("GET", "/dags/d")[1]["is_paused"] is False


def test_task_groups_have_to_be_known(airflow: Airflow) -> None:
    asked = {"dag_id": "d", "task_group_id": "g"}
    with pytest.raises(NotEmulated, match="task groups of DAG d"):
        airflow.ask("GET", "/task-instances/count", None, asked)
    airflow.api.command("tasks", {"dag_id": "d", "task_ids": ["a", "b", "m"], "groups": {"g": ["a", "b"]}})
    assert airflow.ask("GET", "/task-instances/count", None, asked) == (200, 2)


def test_asset_events_can_be_had_and_belong_to_the_state(airflow: Airflow) -> None:
    airflow.queue(ONE)
    airflow.start()
    outlets = [{"name": "n", "uri": "u", "type": "Asset"}]
    events = [{"dest_asset_key": {"name": "n", "uri": "u"}, "extra": {"rows": 1}}]
    assert airflow.state(ONE, "success", end_date=END, task_outlets=outlets, outlet_events=events)[0] == 204
    (event,) = airflow.api.command("asset_events", {})  # type: ignore[misc]
    assert (event["asset"]["uri"], event["extra"], event["source_task_id"]) == ("u", {"rows": 1}, "a")
    assert list(airflow.api.entries()) == ["asset-event://n/d/r/a#1"]


def test_inactive_assets_are_reported(airflow: Airflow) -> None:
    airflow.api.command("tasks", {"dag_id": "d", "task_ids": ["a"], "assets": {"a": [("n", "u")]}})
    airflow.queue(ONE)
    path = f"/task-instances/{ONE}/validate-inlets-and-outlets"
    assert airflow.ask("GET", path) == (200, {"inactive_assets": []})
    airflow.api.command("assets", {"assets": [{"name": "n", "uri": "u", "active": False}]})
    assert airflow.ask("GET", path)[1] == {"inactive_assets": [{"name": "n", "uri": "u", "type": "Asset"}]}


def test_an_unknown_command_is_named(airflow: Airflow) -> None:
    with pytest.raises(DagguardError, match="no command dance; it has asset_events, assets"):
        airflow.api.command("dance", {})


def test_moments_come_from_the_clock(airflow: Airflow) -> None:
    airflow.api.now = lambda: NOON + timedelta(days=1)
    airflow.ask("POST", "/dag-runs/child/x", {})
    assert airflow.ask("GET", "/dag-runs/child/x")[1]["run_after"] == "2024-01-03T12:00:00Z"
    assert Store().now().tzinfo is timezone.utc


@pytest.mark.parametrize(
    ("version", "absent"),
    [
        ("2026-06-30", set()),
        ("2026-04-06", {"team_name", "partition_date"}),
        ("2025-11-05", {"team_name", "partition_date", "note", "partition_key"}),
        ("2025-05-20", {"team_name", "partition_date", "note", "partition_key", "triggering_user_name", "state"}),
    ],
)
def test_older_clients_get_no_fields_that_they_do_not_know(airflow: Airflow, version: str, absent: set[str]) -> None:
    airflow.queue(ONE)
    run = airflow.ask("PATCH", f"/task-instances/{ONE}/run", START, version=version)[1]["dag_run"]
    every = {"team_name", "partition_date", "note", "partition_key", "triggering_user_name", "state"}
    assert every - run.keys() == absent
