"""Routes with which a task asks about task instances, its own or others."""

from __future__ import annotations

from typing import Any

from pytest_dagguard.cloud.airflow_http import (
    Call,
    Footprint,
    Reply,
    Route,
    instance_id,
    iso,
    query_of,
    reading,
    refused,
)
from pytest_dagguard.cloud.airflow_queries import Breadcrumbs, InstanceCount, PreviousInstance
from pytest_dagguard.cloud.airflow_routes_ti import not_found, resource_of
from pytest_dagguard.cloud.airflow_store import FINISHED, Store, TaskInstance
from pytest_dagguard.model.errors import NotEmulated


def _select(store: Store, query: InstanceCount, task_ids: list[str] | None) -> list[TaskInstance]:
    """The live task instances that fit, states aside."""
    found = []
    for row in store.instances.values():
        run = store.runs.get((row.dag_id, row.run_id))
        date = run.logical_date if run is not None else None
        if (
            row.dag_id == query.dag_id
            and (not task_ids or row.task_id in task_ids)
            and (query.map_index is None or row.map_index == query.map_index)
            and (not query.logical_dates or date in query.logical_dates)
            and (not query.run_ids or row.run_id in query.run_ids)
        ):
            found.append(row)
    return found


def _group(store: Store, query: InstanceCount) -> list[TaskInstance]:
    """The task instances of the task group that the query names."""
    dag_id, group_id = query.dag_id, query.task_group_id or ""
    if dag_id not in store.dags and store.switches.get("dags_closed"):
        raise refused(404, "not_found", f"The Dag with ID: `{dag_id}` was not found")
    groups = store.dag(dag_id).groups
    if not groups:
        raise NotEmulated(
            "airflow", "GET task-instances by task group", f"the task groups of DAG {dag_id} have to be known"
        )
    if group_id not in groups:
        raise refused(404, "not_found", f"Task group {group_id} not found in DAG {dag_id}")
    members = list(groups[group_id])
    return _select(store, query, members) if members else []


def _count(store: Store, call: Call) -> Reply:
    query = query_of(call, InstanceCount)
    found = _select(store, query, query.task_ids)
    if query.task_group_id:
        pairs = {(each.task_id, each.map_index) for each in _group(store, query)} or {(query.task_group_id, -1)}
        found = [each for each in found if (each.task_id, each.map_index) in pairs]
    if query.states:
        found = [each for each in found if ("null" if each.state is None else each.state) in query.states]
    return Reply(200, len(found))


def _states(store: Store, call: Call) -> Reply:
    query = query_of(call, InstanceCount)
    found = _select(store, query, query.task_ids)
    if query.task_group_id:
        group = _group(store, query)
        found = found + group if query.task_ids else group
    states: dict[str, dict[str, Any]] = {}
    for row in found:
        name = row.task_id if row.map_index < 0 else f"{row.task_id}_{row.map_index}"
        states.setdefault(row.run_id, {})[name] = row.state
    return Reply(200, {"task_states": states})


def _breadcrumbs(store: Store, call: Call) -> Reply:
    query = query_of(call, Breadcrumbs)
    rows = [each for each in store.instances_of(query.dag_id, query.run_id) if each.state in FINISHED]
    rows.sort(key=lambda each: (each.task_id, each.map_index))
    found = [
        {
            "task_id": each.task_id,
            "map_index": each.map_index,
            "state": each.state,
            "operator": each.operator,
            "duration": each.duration,
        }
        for each in rows
    ]
    return Reply(200, {"breadcrumbs": found})


def _previous(store: Store, call: Call) -> Reply:
    query, dag_id, task_id = query_of(call, PreviousInstance), call.params["dag_id"], call.params["task_id"]
    found = []
    for run in store.runs_of(dag_id):
        row = store.instances.get((dag_id, run.run_id, task_id, query.map_index))
        early = not query.logical_date or (run.logical_date is not None and run.logical_date < query.logical_date)
        if row is not None and early and (query.state is None or row.state == query.state.value):
            # Where databases sort rows without a date first or last is their own; SQLite has them last here.
            found.append((run.logical_date is not None, run.logical_date or run.run_after, run, row))
    if not found:
        return Reply(200, None)
    _, _, run, row = max(found, key=lambda each: each[:2])
    return Reply(200, _previous_document(row, iso(run.logical_date)))


def _previous_document(row: TaskInstance, logical_date: str | None) -> dict[str, Any]:
    return {
        "task_id": row.task_id,
        "dag_id": row.dag_id,
        "run_id": row.run_id,
        "logical_date": logical_date,
        "start_date": iso(row.start_date),
        "end_date": iso(row.end_date),
        "state": row.state,
        "try_number": row.try_number,
        "map_index": row.map_index,
        "duration": row.duration,
    }


def _previous_success(store: Store, call: Call) -> Reply:
    names = ("data_interval_start", "data_interval_end", "start_date", "end_date")
    row = store.instance(instance_id(call))
    run = store.runs.get((row.dag_id, row.run_id)) if row is not None else None
    if run is None or run.logical_date is None:
        return Reply(200, dict.fromkeys(names))
    before = [
        each
        for each in store.runs_of(run.dag_id)
        if each.state == "success" and each.logical_date is not None and each.logical_date < run.logical_date
    ]
    if not before:
        return Reply(200, dict.fromkeys(names))
    last = max(before, key=lambda each: each.order)
    return Reply(200, {name: iso(getattr(last, name)) for name in names})


def _validate(store: Store, call: Call) -> Reply:
    row = store.instance(instance_id(call))
    if row is None:
        raise not_found()
    inactive = [
        {"name": name, "uri": uri, "type": "Asset"}
        for name, uri in store.dag(row.dag_id).assets.get(row.task_id, ())
        if not _is_active(store, name, uri)
    ]
    return Reply(200, {"inactive_assets": inactive})


def _is_active(store: Store, name: str, uri: str) -> bool:
    asset = store.assets.get((name, uri))
    return not store.switches.get("assets_closed") if asset is None else asset.active


def _reschedule_start(store: Store, call: Call) -> Reply:
    row = store.instance(instance_id(call))
    return Reply(200, iso(row.reschedules[0]) if row is not None and row.reschedules else None)


def _name_select(store: Store, call: Call) -> Footprint:
    dag_id = (call.query.get("dag_id") or [""])[-1]
    run_ids, task_ids = call.query.get("run_ids") or [], call.query.get("task_ids") or []
    if not run_ids or not task_ids or "task_group_id" in call.query:
        return reading(f"ti://{dag_id}/*")
    places = [f"ti://{dag_id}/{run_id}/{task_id}" for run_id in run_ids for task_id in task_ids]
    return reading(f"ti://{dag_id}/*", *(f"{each}#*" for each in places), *(f"{each}[*" for each in places))


def _name_run(store: Store, call: Call) -> Footprint:
    dag_id, run_id = ((call.query.get(each) or [""])[-1] for each in ("dag_id", "run_id"))
    return reading(f"ti://{dag_id}/{run_id}/*")


def _name_previous(store: Store, call: Call) -> Footprint:
    return reading(f"ti://{call.params['dag_id']}/*")


def _name_own(store: Store, call: Call) -> Footprint:
    return reading(resource_of(store, call))


def _name_success(store: Store, call: Call) -> Footprint:
    row = store.known(instance_id(call))
    resource = resource_of(store, call)
    return reading(resource, f"dagrun://{row.dag_id}/*") if row is not None else reading(resource)


_PATH = "/task-instances/{task_instance_id}"
ROUTES = (
    Route("GET", "/task-instances/count", "ti.count", _count, _name_select),
    Route(
        "GET",
        "/task-instances/previous/{dag_id}/{task_id}",
        "ti.previous",
        _previous,
        _name_previous,
        since="2026-04-06",
    ),
    Route("GET", "/task-instances/states", "ti.states", _states, _name_select),
    Route("GET", "/task-instances/breadcrumbs", "ti.breadcrumbs", _breadcrumbs, _name_run, since="2026-04-06"),
    Route("GET", f"{_PATH}/previous-successful-dagrun", "ti.previous-success", _previous_success, _name_success),
    Route("GET", f"{_PATH}/validate-inlets-and-outlets", "ti.validate-assets", _validate, _name_own),
    Route(
        "GET", "/task-reschedules/{task_instance_id}/start_date", "ti.reschedule-start", _reschedule_start, _name_own
    ),
)
