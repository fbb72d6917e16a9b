"""Routes for DAG runs and DAGs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from pytest_dagguard.cloud.airflow_http import (
    NO_CONTENT,
    Call,
    Footprint,
    Refused,
    Reply,
    Route,
    body_of,
    iso,
    query_of,
    reading,
    refused,
    updating,
)
from pytest_dagguard.cloud.airflow_payloads import Trigger
from pytest_dagguard.cloud.airflow_queries import PreviousRun, PreviousRunOfDag, RunCount
from pytest_dagguard.cloud.airflow_routes_ti import run_document
from pytest_dagguard.cloud.airflow_store import Run, Store
from pytest_dagguard.cloud.airflow_versions import RUNS_BY_OPERATORS, server_version

OWN_ID = r"^(?:manual|scheduled|asset_triggered)__(?:\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\+00:00)$"
ALLOWED_ID = r"^[A-Za-z0-9_.~:+-]+$"
"""Airflow's default of ``scheduler.allowed_run_id_pattern``."""


def knows_dag(store: Store, dag_id: str) -> bool:
    """Whether the DAG exists. Unless the director said which do, all do: the file may be in another repository."""
    return dag_id in store.dags or not store.switches.get("dags_closed")


def _no_dag(dag_id: str) -> Refused:
    return refused(404, "not_found", f"Dag with dag_id: '{dag_id}' not found")


def _find(store: Store, call: Call) -> Run:
    dag_id, run_id = call.params["dag_id"], call.params["run_id"]
    run = store.runs.get((dag_id, run_id))
    if run is None:
        raise refused(404, "not_found", f"Dag run with dag_id '{dag_id}' and run_id '{run_id}' was not found")
    return run


def seen_state(store: Store, run: Run) -> str:
    """The state of a run as a task sees it.

    No scheduler runs the runs that a task triggers. The director says what they come to (``child_runs``), or sets
    their states one by one.
    """
    ends = store.switches.get("child_runs")
    return ends if run.child and ends and run.state in ("queued", "running") else run.state


def _get(store: Store, call: Call) -> Reply:
    run = _find(store, call)
    return Reply(200, {**run_document(run), "state": seen_state(store, run)})


def _get_state(store: Store, call: Call) -> Reply:
    return Reply(200, {"state": seen_state(store, _find(store, call))})


def _check_run_id(run_id: str) -> None:
    if ".." in run_id:
        raise refused(400, "value_error", f"The run_id '{run_id}' must not contain '..' to prevent path traversal")
    if not re.match(OWN_ID, run_id) and not re.match(ALLOWED_ID, run_id):
        text = f"The run_id provided '{run_id}' does not match regex pattern '{ALLOWED_ID}' or '{OWN_ID}'"
        raise refused(400, "value_error", text)


def _trigger(store: Store, call: Call) -> Reply:
    payload = body_of(call, Trigger)
    dag_id, run_id = call.params["dag_id"], call.params["run_id"]
    if not knows_dag(store, dag_id):
        raise _no_dag(dag_id)
    if (dag_id, run_id) in store.runs:
        raise refused(409, "already_exists", f"A run already exists for Dag '{dag_id}' with run_id '{run_id}'")
    _check_run_id(run_id)
    after = payload.run_after or store.now()
    if payload.logical_date and any(each.logical_date == payload.logical_date for each in store.runs_of(dag_id)):
        raise _unique_violation()
    # The interval of a DAG without a schedule. What a timetable of the child's would make of it is not known here.
    interval = after if payload.logical_date else None
    own_type = server_version(store, call.version) >= RUNS_BY_OPERATORS
    store.add_run(
        Run(
            dag_id,
            run_id,
            run_after=after,
            logical_date=payload.logical_date,
            data_interval_start=interval,
            data_interval_end=interval,
            run_type="operator_triggered" if own_type else "manual",
            state="queued",
            conf=payload.conf,
            partition_key=payload.partition_key,
            note=payload.note,
            child=True,
        )
    )
    store.started(store.runs[dag_id, run_id])
    return NO_CONTENT


def _unique_violation() -> Refused:
    message = "Serious error when handling your request. Check logs for more details - "
    message += "you will find it in api server when you look for ID dagguard"
    return refused(409, "Unique constraint violation", message, statement="hidden", orig_error="hidden")


def _clear(store: Store, call: Call) -> Reply:
    dag_id, run_id = call.params["dag_id"], call.params["run_id"]
    if not knows_dag(store, dag_id):
        raise _no_dag(dag_id)
    run = store.runs.get((dag_id, run_id))
    if run is None:
        raise refused(404, "not_found", f"Dag run with run_id: '{run_id}' not found")
    for row in store.instances_of(dag_id, run_id):
        running = row.state == "running"
        fresh = store.next_try(row)
        store.put(
            replace(
                fresh,
                state="restarting" if running else None,
                next_method=row.next_method if running else None,
                next_kwargs=row.next_kwargs if running else None,
            )
        )
    if run.state in ("success", "failed"):
        run = replace(run, state="queued", start_date=None, end_date=None)
    else:
        run = replace(run, interrupted=run.interrupted + 1)
    run = store.runs[dag_id, run_id] = replace(run, clear_number=run.clear_number + 1, failed="")
    if run.child:
        store.started(run)
    return NO_CONTENT


def _count(store: Store, call: Call) -> Reply:
    query = query_of(call, RunCount)
    found = [
        each
        for each in store.runs_of(query.dag_id)
        if (not query.logical_dates or each.logical_date in query.logical_dates)
        and (not query.run_ids or each.run_id in query.run_ids)
        and (not query.states or seen_state(store, each) in query.states)
    ]
    return Reply(200, len(found))


def _previous(store: Store, call: Call) -> Reply:
    return _before(store, query_of(call, PreviousRun))


def _previous_of_dag(store: Store, call: Call) -> Reply:
    query = query_of(call, PreviousRunOfDag)
    return _before(store, PreviousRun(dag_id=call.params["dag_id"], **query.model_dump()))


def _before(store: Store, query: PreviousRun) -> Reply:
    found = [
        each
        for each in store.runs_of(query.dag_id)
        if each.logical_date is not None
        and each.logical_date < query.logical_date
        and (query.state is None or seen_state(store, each) == query.state.value)
    ]
    if not found:
        return Reply(200, None)
    run = max(found, key=lambda each: each.order)
    return Reply(200, {**run_document(run), "state": seen_state(store, run)})


def _get_dag(store: Store, call: Call) -> Reply:
    dag_id = call.params["dag_id"]
    if not knows_dag(store, dag_id):
        raise refused(404, "not_found", f"The Dag with dag_id: `{dag_id}` was not found")
    document: dict[str, Any] = {
        "dag_id": dag_id,
        "is_paused": False,
        "bundle_name": "dags-folder",
        "bundle_version": None,
        "relative_fileloc": None,
        "owners": None,
        "tags": [],
        "next_dagrun": None,
    }
    about = {name: iso(value) if name == "next_dagrun" else value for name, value in store.dag(dag_id).about.items()}
    return Reply(200, {**document, **about})


def _run(call: Call) -> str:
    return f"dagrun://{call.params['dag_id']}/{call.params['run_id']}"


def _name_get(store: Store, call: Call) -> Footprint:
    return reading(_run(call))


def _name_trigger(store: Store, call: Call) -> Footprint:
    resource = _run(call)
    # Two runs of one DAG may not have one logical date.
    reads = {resource, f"dagrun://{call.params['dag_id']}/*"} if b'"logical_date"' in call.body else {resource}
    return Footprint(resource, reads=frozenset(reads), writes=frozenset({resource}))


def _name_clear(store: Store, call: Call) -> Footprint:
    resource = _run(call)
    return updating(resource, resource, f"ti://{call.params['dag_id']}/{call.params['run_id']}/*")


def _name_runs(store: Store, call: Call) -> Footprint:
    dag_id = call.params.get("dag_id") or (call.query.get("dag_id") or [""])[-1]
    run_ids = call.query.get("run_ids")
    resource = f"dagrun://{dag_id}/*"
    return reading(resource, *(f"dagrun://{dag_id}/{each}" for each in run_ids)) if run_ids else reading(resource)


def _name_dag(store: Store, call: Call) -> Footprint:
    return reading(f"dag://{call.params['dag_id']}")


_PATH = "/dag-runs/{dag_id}/{run_id}"
ROUTES = (
    Route("GET", "/dag-runs/{dag_id}/previous", "dagrun.previous", _previous_of_dag, _name_runs, before="2026-04-06"),
    Route("GET", _PATH, "dagrun.get", _get, _name_get, since="2026-04-06"),
    Route("POST", _PATH, "dagrun.trigger", _trigger, _name_trigger),
    Route("POST", f"{_PATH}/clear", "dagrun.clear", _clear, _name_clear),
    Route("GET", f"{_PATH}/state", "dagrun.state", _get_state, _name_get),
    Route("GET", "/dag-runs/count", "dagrun.count", _count, _name_runs),
    Route("GET", "/dag-runs/previous", "dagrun.previous", _previous, _name_runs, since="2026-04-06"),
    Route("GET", "/dags/{dag_id}", "dag.get", _get_dag, _name_dag, since="2026-04-06"),
)
