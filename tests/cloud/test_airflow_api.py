"""The Execution API emulator: footprints, state, snapshots, connections and the seed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from airflow_client import END, ONE, START, TWO, Airflow
from pytest_dagguard.cloud.airflow_api import EMULATOR
from pytest_dagguard.cloud.emulator import Blobs, Caller, Emulator, Request
from pytest_dagguard.model.operation import conflicts
from pytest_dagguard.model.seed import Seed


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
