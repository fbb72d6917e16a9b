"""Routes with which one try reports itself: start, state, heartbeat, rendered fields, skips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_dagguard.cloud.airflow_changes import change, check_partition_keys
from pytest_dagguard.cloud.airflow_http import (
    NO_CONTENT,
    Call,
    Footprint,
    Refused,
    Reply,
    Route,
    body_of,
    instance_id,
    iso,
    reading,
    refused,
    updating,
)
from pytest_dagguard.cloud.airflow_payloads import (
    EnterRunning,
    Fields,
    Heartbeat,
    Label,
    SkipDownstream,
    StateUpdate,
    Success,
)
from pytest_dagguard.cloud.airflow_store import Run, Store, TaskInstance
from pytest_dagguard.cloud.airflow_versions import REPEATED_REPORTS, SUPERSEDED_GO_ON, server_version


def not_found() -> Refused:
    """Airflow's answer for an id that it never gave."""
    return refused(404, "not_found", "Task Instance not found")


def _gone(store: Store, call: Call, ti_id: str, since: str) -> Refused:
    """
    :param since: from this version of the server on a try that was superseded is told apart from one that never was
    """
    if ti_id in store.history and server_version(store, call.version) >= since:
        return refused(
            410, "not_found", "Task Instance not found, it may have been moved to the Task Instance History table"
        )
    return not_found()


def run_document(run: Run) -> dict[str, Any]:
    """A run as the API writes it; of the latest version."""
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "logical_date": iso(run.logical_date),
        "data_interval_start": iso(run.data_interval_start),
        "data_interval_end": iso(run.data_interval_end),
        "run_after": iso(run.run_after),
        "start_date": iso(run.start_date),
        "end_date": iso(run.end_date),
        "clear_number": run.clear_number,
        "run_type": run.run_type,
        "state": run.state,
        "conf": run.conf,
        "triggering_user_name": run.triggering_user_name,
        "consumed_asset_events": [],
        "partition_key": run.partition_key,
        "partition_date": iso(run.partition_date),
        "note": None,
        "team_name": None,
    }


def _context(store: Store, before: TaskInstance, run: Run) -> dict[str, Any]:
    clear = [] if before.next_method else _keys_to_clear(store, before)
    context: dict[str, Any] = {
        "dag_run": {**run_document(run), "consumed_asset_events": list(run.consumed_asset_events)},
        "task_reschedule_count": len(before.reschedules),
        "max_tries": before.max_tries,
        "variables": [],
        "connections": [],
        "xcom_keys_to_clear": clear,
        "should_retry": _may_retry(before),
    }
    if before.next_method:
        context["next_method"] = before.next_method
        context["next_kwargs"] = before.next_kwargs
        context["start_date"] = iso(before.start_date)
    return context


def _keys_to_clear(store: Store, row: TaskInstance) -> list[str]:
    # A task that is not mapped gets the keys of all its map indexes, as in Airflow.
    return [
        key
        for dag_id, run_id, task_id, map_index, key in sorted(store.xcoms, key=lambda each: (each[4], each[3]))
        if (dag_id, run_id, task_id) == row.key[:3] and row.map_index in (-1, map_index)
    ]


def _may_retry(row: TaskInstance) -> bool:
    return row.state == "restarting" or (row.max_tries != 0 and row.try_number <= row.max_tries)


def start(store: Store, call: Call) -> Reply:
    """``PATCH task-instances/{id}/run``."""
    ti_id, payload = instance_id(call), body_of(call, EnterRunning)
    row = store.instance(ti_id)
    run = None if row is None else store.runs.get((row.dag_id, row.run_id))
    if row is None or run is None:
        raise not_found()
    # The same client asking again never got its answer: it gets the same one.
    again = row.state == "running" and (row.hostname, row.unixname, row.pid) == (
        payload.hostname,
        payload.unixname,
        payload.pid,
    )
    if not again and row.state not in ("queued", "restarting"):
        raise refused(
            409,
            "invalid_state",
            "TI was not in a state where it could be marked as running",
            previous_state=row.state,
        )
    store.put(
        replace(
            row,
            state="running",
            hostname=payload.hostname,
            unixname=payload.unixname,
            pid=payload.pid,
            start_date=row.start_date if row.next_kwargs else payload.start_date,
            end_date=None,
            retry_delay=None,
            retry_reason=None,
        )
    )
    return Reply(200, _context(store, row, run))


def state(store: Store, call: Call) -> Reply:
    """``PATCH task-instances/{id}/state``."""
    ti_id, payload = instance_id(call), body_of(call, StateUpdate)
    row = store.instance(ti_id)
    if row is None:
        raise not_found()
    wanted = payload.state.value
    if wanted == row.state and server_version(store, call.version) >= REPEATED_REPORTS:
        return Reply(200, empty=True)
    if row.state != "running":
        raise refused(
            409,
            "invalid_state",
            "TI was not in the running state so it cannot be updated",
            previous_state=row.state,
        )
    if isinstance(payload, Success):
        check_partition_keys(payload)
    change(store, row, payload)
    return NO_CONTENT


def heartbeat(store: Store, call: Call) -> Reply:
    """``PUT task-instances/{id}/heartbeat``."""
    ti_id, payload = instance_id(call), body_of(call, Heartbeat)
    row = store.instance(ti_id)
    if row is None:
        raise _gone(store, call, ti_id, "2026-04-06")
    if (row.hostname, row.pid) != (payload.hostname, payload.pid):
        raise refused(
            409,
            "running_elsewhere",
            "TI is already running elsewhere",
            current_hostname=row.hostname,
            current_pid=row.pid,
        )
    if row.state != "running":
        raise refused(
            409,
            "not_running",
            "TI is no longer in the running state and task should terminate",
            current_state=row.state,
        )
    return NO_CONTENT


def rendered_fields(store: Store, call: Call) -> Reply:
    """``PUT task-instances/{id}/rtif``."""
    ti_id, payload = instance_id(call), body_of(call, Fields)
    row = store.instance(ti_id)
    if row is None:
        raise _gone(store, call, ti_id, SUPERSEDED_GO_ON)
    store.rtif[row.key] = payload
    return Reply(201, {"message": "Rendered task instance fields successfully set"})


def rendered_map_index(store: Store, call: Call) -> Reply:
    """``PATCH task-instances/{id}/rendered-map-index``."""
    ti_id, text = instance_id(call), body_of(call, Label)
    if not text:
        raise Refused(422, "rendered_map_index cannot be empty")
    row = store.instance(ti_id)
    if row is None:
        raise Refused(404, "Task Instance not found")
    store.put(replace(row, rendered_map_index=text))
    return NO_CONTENT


def skip_downstream(store: Store, call: Call) -> Reply:
    """``PATCH task-instances/{id}/skip-downstream``."""
    ti_id, payload = instance_id(call), body_of(call, SkipDownstream)
    row = store.instance(ti_id)
    if row is None:
        raise not_found()
    now = store.now()
    for each in payload.tasks:
        task_id, map_index = each if isinstance(each, tuple) else (each, -1)
        other = store.instances.get((row.dag_id, row.run_id, task_id, map_index))
        if other is not None and other.state not in ("running", "success", "failed"):
            store.put(replace(other, state="skipped", start_date=now, end_date=now))
    return NO_CONTENT


def resource_of(store: Store, call: Call) -> str:
    """The resource name of the try in the path."""
    ti_id = instance_id(call)
    row = store.known(ti_id)
    return f"ti://unknown/{ti_id}" if row is None else row.resource


def _name_start(store: Store, call: Call) -> Footprint:
    ti_id = instance_id(call)
    resource, row = resource_of(store, call), store.known(ti_id)
    reads = {resource}
    if row is not None:
        # The answer lists the XComs for the task side to delete, which it does with requests of its own.
        reads |= {f"xcom://{row.place}/*", row_run(row)}
        if row.map_index < 0:
            reads.add(f"xcom://{row.place}[*")
    writes = {resource} if row is None else {resource, *_superseding(store, call, row)}
    return Footprint(resource, reads=frozenset(reads), writes=frozenset(writes))


def _superseding(store: Store, call: Call, row: TaskInstance) -> set[str]:
    """What a try takes from the one before it as it starts: to older servers that one cannot report its fields then."""
    older = server_version(store, call.version) < SUPERSEDED_GO_ON
    return {f"ti-live://{row.place}"} if older else set()


def row_run(row: TaskInstance) -> str:
    """The resource name of the run of a task instance."""
    return f"dagrun://{row.dag_id}/{row.run_id}"


def _name_state(store: Store, call: Call) -> Footprint:
    resource = resource_of(store, call)
    outlets = _outlets(call)
    return Footprint(resource, reads=frozenset({resource}), writes=frozenset({resource, *outlets}))


def _outlets(call: Call) -> set[str]:
    try:
        payload = body_of(call, StateUpdate)
    except Refused:
        return set()
    if not isinstance(payload, Success):
        return set()
    named = [{"name": each.name, "uri": each.uri} for each in payload.task_outlets]
    named += [event.get("dest_asset_key") or {} for event in payload.outlet_events]
    return {f"asset-event://{_asset(each)}/*" for each in named if _asset(each)}


def _asset(each: Mapping[str, Any]) -> str:
    return str(each.get("name") or each.get("uri") or "")


def _name_update(store: Store, call: Call) -> Footprint:
    return updating(resource_of(store, call))


def _name_fields(store: Store, call: Call) -> Footprint:
    resource, row = resource_of(store, call), store.known(instance_id(call))
    reads = {resource} if row is None else {resource, *_superseding(store, call, row)}
    return Footprint(resource, reads=frozenset(reads), writes=frozenset({resource}))


def _name_heartbeat(store: Store, call: Call) -> Footprint:
    # The moment of the last heartbeat is part of no answer, so for the order of operations it is a read.
    return reading(resource_of(store, call))


def _name_skip(store: Store, call: Call) -> Footprint:
    resource, row = resource_of(store, call), store.known(instance_id(call))
    try:
        payload = body_of(call, SkipDownstream)
    except Refused:
        return reading(resource)
    if row is None:
        return reading(resource)
    names = set()
    for each in payload.tasks:
        task_id, map_index = each if isinstance(each, tuple) else (each, -1)
        other = store.instances.get((row.dag_id, row.run_id, task_id, map_index))
        if other is not None:
            names.add(other.resource)
    return Footprint(resource, reads=frozenset({resource, *names}), writes=frozenset(names))


_PATH = "/task-instances/{task_instance_id}"
ROUTES = (
    Route("PATCH", f"{_PATH}/run", "ti.start", start, _name_start),
    Route("PATCH", f"{_PATH}/state", "ti.state", state, _name_state),
    Route("PATCH", f"{_PATH}/skip-downstream", "ti.skip-downstream", skip_downstream, _name_skip),
    Route("PUT", f"{_PATH}/heartbeat", "ti.heartbeat", heartbeat, _name_heartbeat),
    Route("PUT", f"{_PATH}/rtif", "rtif.set", rendered_fields, _name_fields),
    Route(
        "PATCH",
        f"{_PATH}/rendered-map-index",
        "ti.rendered-map-index",
        rendered_map_index,
        _name_update,
        since="2026-04-06",
    ),
)
