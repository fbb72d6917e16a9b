"""Routes for XComs."""

from __future__ import annotations

from typing import Any

from pytest_dagguard.cloud.airflow_http import (
    Call,
    Footprint,
    Refused,
    Reply,
    Route,
    body_of,
    non_empty,
    query_of,
    reading,
    refused,
    writing,
)
from pytest_dagguard.cloud.airflow_payloads import AnyJson
from pytest_dagguard.cloud.airflow_queries import XComFilter, XComHead, XComSet, XComSlice
from pytest_dagguard.cloud.airflow_store import Store, XCom, place

MAX_MAP_LENGTH = 1024
"""Airflow's default of ``core.max_map_length``."""

Row = tuple[int, str, XCom]
"""map_index, run_id, the XCom."""


def _rows(store: Store, call: Call, prior: bool = False) -> list[Row]:
    """The XComs of one task and key, newest run first."""
    dag_id, run_id, task_id = _task(call)
    key = non_empty(call, "key")
    found = []
    for (a_dag, a_run, a_task, map_index, a_key), xcom in store.xcoms.items():
        if (a_dag, a_task, a_key) == (dag_id, task_id, key) and (a_run == run_id or prior):
            found.append((map_index, a_run, xcom))
    if prior:
        this = store.runs.get((dag_id, run_id))
        runs = store.runs
        found = [
            each
            for each in found
            if this is not None and (dag_id, each[1]) in runs and runs[dag_id, each[1]].order <= this.order
        ]
        found.sort(key=lambda each: (runs[dag_id, each[1]].order, each[2].order), reverse=True)
        return found
    return sorted(found, key=lambda each: -each[2].order)


def _task(call: Call) -> tuple[str, str, str]:
    return call.params["dag_id"], call.params["run_id"], call.params["task_id"]


def _missing(call: Call, what: str) -> Refused:
    dag_id, run_id, task_id = _task(call)
    message = f"XCom with key={call.params['key']!r} {what} not found for task {task_id!r} in DAG run {run_id!r}"
    return refused(404, "not_found", f"{message} of {dag_id!r}")


def _at(rows: list[Row], offset: int) -> XCom | None:
    rows = sorted(rows, key=lambda each: each[0], reverse=offset < 0)
    at = offset if offset >= 0 else -1 - offset
    return rows[at][2] if at < len(rows) else None


def _get(store: Store, call: Call) -> Reply:
    query = query_of(call, XComFilter)
    rows = _rows(store, call, query.include_prior_dates)
    if query.offset is not None:
        found, what = _at(rows, query.offset), f"offset={query.offset}"
    else:
        found = next((each[2] for each in rows if each[0] == query.map_index), None)
        what = f"map_index={query.map_index}"
    if found is None:
        raise _missing(call, what)
    return Reply(200, {"key": call.params["key"], "value": found.value})


def _item(store: Store, call: Call) -> Reply:
    try:
        offset = int(call.params["offset"])
    except ValueError:
        raise Refused(422, [_not_an_int(call.params["offset"])]) from None
    found = _at(_rows(store, call), offset)
    if found is None:
        raise _missing(call, f"{offset=}")
    return Reply(200, found.value)


def _not_an_int(text: str) -> dict[str, Any]:
    return {
        "type": "int_parsing",
        "loc": ["path", "offset"],
        "msg": "Input should be a valid integer, unable to parse string as an integer",
        "input": text,
    }


def _slice(store: Store, call: Call) -> Reply:
    query = query_of(call, XComSlice)
    rows = sorted(_rows(store, call, query.include_prior_dates), key=lambda each: each[0])
    values = [each[2].value for each in rows]
    return Reply(200, _cut(values, query.start, query.stop, query.step or 1))


def _cut(values: list[Any], start: int | None, stop: int | None, step: int) -> list[Any]:
    """Airflow's own way through start, stop and step, case by case, its deviations from Python's slices included."""
    down = values[::-1]
    if start is None:
        if stop is None:
            rows, step = (values, step) if step >= 0 else (down, -step)
        elif stop >= 0:
            rows = values[:stop] if step >= 0 else values[stop + 1 :]
        else:
            step = -step
            rows = down[: -stop - 1] if step > 0 else down[-stop:]
    elif start >= 0:
        if stop is None:
            rows = values[start:] if step >= 0 else values[: start + 1]
        else:
            stop = stop + len(values) if stop < 0 else stop
            rows = _between(values, start, stop) if step >= 0 else _between(values, stop + 1, start + 1)
    else:
        step = -step
        if stop is None:
            rows = down[-start - 1 :] if step > 0 else down[:-start]
        else:
            stop = stop - len(values) if stop >= 0 else stop
            rows = _between(down, -1 - start, -1 - stop) if step > 0 else _between(down, -stop, -start)
    return rows if step == 1 else rows[::step]


def _between(rows: list[Any], start: int, stop: int) -> list[Any]:
    # SQL's OFFSET and LIMIT as SQLite has them: negative ones are none. Other databases answer those with an error.
    rows = rows[max(0, start) :]
    return rows[: stop - start] if stop >= start else rows


def _head(store: Store, call: Call) -> Reply:
    if query_of(call, XComHead).map_index is not None:
        raise refused(400, "invalid_request", "Cannot specify map_index in a HEAD request")
    return Reply(200, None, (("Content-Range", f"map_indexes {len(_rows(store, call))}"),), empty=True)


def _set(store: Store, call: Call) -> Reply:
    query, key = query_of(call, XComSet), non_empty(call, "key")
    value = body_of(call, AnyJson) if call.body else None
    dag_id, run_id, task_id = _task(call)
    if query.mapped_length is not None and query.mapped_length > MAX_MAP_LENGTH:
        raise refused(
            400, "unmappable_return_value_length", "pushed value is too large to map as a downstream's dependency"
        )
    if (dag_id, run_id) not in store.runs:
        raise Refused(404, f"DAG run not found on DAG {dag_id!r} with ID {run_id!r}")
    if query.mapped_length is not None:
        store.lengths[dag_id, run_id, task_id, query.map_index] = query.mapped_length
    store.xcoms[dag_id, run_id, task_id, query.map_index, key] = XCom(value, store.number("xcom"))
    return Reply(201, {"message": "XCom successfully set"})


def _delete(store: Store, call: Call) -> Reply:
    query, key = query_of(call, XComSet), non_empty(call, "key")
    store.xcoms.pop((*_task(call), query.map_index, key), None)
    return Reply(200, {"message": f"XCom with key: {key} successfully deleted."})


def _resource(call: Call) -> str:
    text = (call.query.get("map_index") or ["-1"])[-1]
    map_index = int(text) if text.lstrip("-").isdigit() else -1
    return f"xcom://{place(*_task(call), map_index)}/{call.params['key']}"


def _name_get(store: Store, call: Call) -> Footprint:
    resource = _resource(call)
    if "offset" in call.query:
        return _name_all(store, call)
    return reading(resource, resource, *_prior(call))


def _prior(call: Call) -> list[str]:
    flag = (call.query.get("include_prior_dates") or ["false"])[-1].lower()
    return [f"xcom://{call.params['dag_id']}/*"] if flag in ("true", "1", "yes", "on", "t", "y") else []


def _name_all(store: Store, call: Call) -> Footprint:
    base = "/".join(_task(call))
    resource = f"xcom://{base}/{call.params['key']}"
    return reading(resource, resource, f"xcom://{base}[*", *_prior(call))


def _name_write(store: Store, call: Call) -> Footprint:
    return writing(_resource(call))


_PATH = "/xcoms/{dag_id}/{run_id}/{task_id}/{key:path}"
ROUTES = (
    Route("GET", f"{_PATH}/item/{{offset}}", "xcom.item", _item, _name_all),
    Route("GET", f"{_PATH}/slice", "xcom.slice", _slice, _name_all),
    Route("HEAD", _PATH, "xcom.count", _head, _name_all),
    Route("GET", _PATH, "xcom.get", _get, _name_get),
    Route("POST", _PATH, "xcom.set", _set, _name_write),
    Route("DELETE", _PATH, "xcom.delete", _delete, _name_write),
)
