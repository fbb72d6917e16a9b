"""What a worker of Airflow 2 asks of its metadata database, where Airflow 3's Execution API has no route for it.

All of it is read, and is told as rows: XComs by any part of their names, the runs of DAGs, the task instances of a run,
and when a task instance was rescheduled in any of its tries. The stage's engine for Airflow 2 puts the rows where
Airflow's own query then finds them.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from pytest_dagguard.cloud.airflow_http import Call, Footprint, Reply, Route, iso, query_of, reading
from pytest_dagguard.cloud.airflow_routes_runs import seen_state
from pytest_dagguard.cloud.airflow_routes_ti import run_document
from pytest_dagguard.cloud.airflow_store import Store, place

METADATA = "/metadata-database/"
"""Begins the paths of these routes, and what the engine reports of a task that asked for something else."""


class XComSelect(BaseModel):
    """The query of ``GET metadata-database/xcoms``. What is not given is not asked for."""

    run_id: str
    dag_id: list[str] | None = None
    task_id: list[str] | None = None
    key: str | None = None
    include_prior_dates: bool = False


class RunSelect(BaseModel):
    """The query of ``GET metadata-database/dag-runs``."""

    dag_id: list[str] | None = None


class InstanceSelect(BaseModel):
    """The query of ``GET metadata-database/task-instances``."""

    dag_id: str
    run_id: str


class RescheduleSelect(InstanceSelect):
    """The query of ``GET metadata-database/task-reschedules``."""

    task_id: str
    map_index: int = -1
    try_number: int


def _xcoms(store: Store, call: Call) -> Reply:
    """XComs, the newest first: as the database sorts them, by the date of the run and then by when they were pushed."""
    query = query_of(call, XComSelect)
    dates = [run.order for (_, run_id), run in store.runs.items() if run_id == query.run_id]
    found = []
    for (dag_id, run_id, task_id, map_index, key), xcom in store.xcoms.items():
        run = store.runs.get((dag_id, run_id))
        prior = query.include_prior_dates and run is not None and any(run.order <= date for date in dates)
        if (
            run is not None
            and (run_id == query.run_id or prior)
            and dag_id in (query.dag_id or [dag_id])
            and task_id in (query.task_id or [task_id])
            and key == (query.key or key)
        ):
            row = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": map_index, "key": key}
            found.append((run.order, xcom.order, {**row, "value": xcom.value}))
    found.sort(key=lambda each: each[:2], reverse=True)
    return Reply(200, [row for _, _, row in found])


def _runs(store: Store, call: Call) -> Reply:
    query = query_of(call, RunSelect)
    found = [run for dag_id in dict.fromkeys(query.dag_id or ()) for run in store.runs_of(dag_id)]
    return Reply(200, [{**run_document(run), "state": seen_state(store, run)} for run in found])


def _instances(store: Store, call: Call) -> Reply:
    query = query_of(call, InstanceSelect)
    found: list[dict[str, Any]] = [
        {
            "task_id": row.task_id,
            "map_index": row.map_index,
            "try_number": row.try_number,
            "max_tries": row.max_tries,
            "state": row.state,
            "start_date": iso(row.start_date),
            "end_date": iso(row.end_date),
            "duration": row.duration,
        }
        for row in store.instances_of(query.dag_id, query.run_id)
    ]
    return Reply(200, found)


def _reschedules(store: Store, call: Call) -> Reply:
    query = query_of(call, RescheduleSelect)
    key = (query.dag_id, query.run_id, query.task_id, query.map_index)
    tries = [row for row in (*store.history.values(), *store.instances.values()) if row.key == key]
    found = [{"try_number": row.try_number, "date": iso(date)} for row in tries for date in row.reschedules]
    return Reply(200, sorted(found, key=lambda each: str(each["date"])))


def _name_xcoms(store: Store, call: Call) -> Footprint:
    run_id = (call.query.get("run_id") or [""])[-1]
    dag_ids, task_ids = call.query.get("dag_id") or [], call.query.get("task_id") or []
    if not dag_ids:
        return reading("xcom://*")
    if call.query.get("include_prior_dates") != ["false"]:
        found = [f"xcom://{dag_id}/*" for dag_id in dag_ids]
    else:
        ends = [f"{task_id}{end}" for task_id in task_ids for end in ("/*", "[*")] or ["*"]
        found = [f"xcom://{dag_id}/{run_id}/{end}" for dag_id in dag_ids for end in ends]
    return reading(f"xcom://{dag_ids[0]}/*", *found)


def _name_runs(store: Store, call: Call) -> Footprint:
    named = [f"dagrun://{dag_id}/*" for dag_id in call.query.get("dag_id") or [""]]
    return reading(named[0], *named)


def _name_instances(store: Store, call: Call) -> Footprint:
    dag_id, run_id = ((call.query.get(each) or [""])[-1] for each in ("dag_id", "run_id"))
    return reading(f"ti://{dag_id}/{run_id}/*")


def _name_tries(store: Store, call: Call) -> Footprint:
    # Of its own try alone: what an earlier one says when a later one has started is refused, and changes nothing.
    query = query_of(call, RescheduleSelect)
    return reading(f"ti://{place(query.dag_id, query.run_id, query.task_id, query.map_index)}#{query.try_number}")


ROUTES = (
    Route("GET", f"{METADATA}xcoms", "xcom.select", _xcoms, _name_xcoms),
    Route("GET", f"{METADATA}dag-runs", "dagrun.select", _runs, _name_runs),
    Route("GET", f"{METADATA}task-instances", "ti.select", _instances, _name_instances),
    Route("GET", f"{METADATA}task-reschedules", "ti.reschedules", _reschedules, _name_tries),
)
