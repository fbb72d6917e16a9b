"""The Execution API emulator: what the director tells it, of tries, child runs, DAGs and assets."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from airflow_client import END, NOON, ONE, START, TWO, Airflow
from pytest_dagguard.cloud.airflow_store import Store
from pytest_dagguard.model.errors import DagguardError, NotEmulated


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
