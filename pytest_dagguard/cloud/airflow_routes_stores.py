"""Routes for what is kept by key: Variables, connections, the task state store and the asset state store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pytest_dagguard.cloud.airflow_assets import find
from pytest_dagguard.cloud.airflow_http import (
    NO_CONTENT,
    Call,
    Footprint,
    Handle,
    Name,
    Reply,
    Route,
    body_of,
    instance_id,
    non_empty,
    query_of,
    reading,
    refused,
    writing,
)
from pytest_dagguard.cloud.airflow_payloads import AssetStateBody, TaskStateBody, VariableBody
from pytest_dagguard.cloud.airflow_queries import ClearByName, ClearByUri, StateByName, StateByUri, VariableKeys
from pytest_dagguard.cloud.airflow_store import Asset, Store, TaskInstance

WELL_KNOWN = {
    "aws_default": "aws",
    "google_cloud_default": "google_cloud_platform",
    "kubernetes_default": "kubernetes",
    "redis_default": "redis",
    "fs_default": "fs",
    "http_default": "http",
}
"""Connections that exist in nearly every installation and need no seed."""

FIELDS = ("conn_id", "conn_type", "host", "schema", "login", "password", "port", "extra")


def _variable_keys(store: Store, call: Call) -> Reply:
    query = query_of(call, VariableKeys)
    keys = sorted(each for each in store.variables if each.startswith(query.prefix or ""))
    return Reply(200, {"keys": keys[query.offset :][: query.limit], "total_entries": len(keys)})


def _get_variable(store: Store, call: Call) -> Reply:
    key = non_empty(call, "variable_key")
    value = store.variables.get(key)
    if value is None:
        raise refused(404, "not_found", f"Variable with key '{key}' not found")
    return Reply(200, {"key": key, "value": value})


def _put_variable(store: Store, call: Call) -> Reply:
    key, payload = non_empty(call, "variable_key"), body_of(call, VariableBody)
    store.variables[key] = str(payload.value)  # null too, as Airflow does
    return Reply(201, {"message": "Variable successfully set"})


def _delete_variable(store: Store, call: Call) -> Reply:
    store.variables.pop(non_empty(call, "variable_key"), None)
    return NO_CONTENT


def _name_keys(store: Store, call: Call) -> Footprint:
    prefix = (call.query.get("prefix") or [""])[-1]
    return reading(f"variable://{prefix}*")


def _variable(call: Call) -> str:
    return f"variable://{call.params['variable_key']}"


def wire_connection(conn_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """A connection with all fields that Airflow's answer has, ``extra`` as JSON text."""
    wire = {each: fields.get(each) for each in FIELDS}
    wire["conn_id"] = conn_id
    wire["conn_type"] = fields.get("conn_type") or ""
    if wire["extra"] is not None and not isinstance(wire["extra"], str):
        wire["extra"] = json.dumps(wire["extra"], sort_keys=True)
    if isinstance(wire["port"], str):
        wire["port"] = int(wire["port"]) if wire["port"] else None
    return wire


def find_connection(store: Store, conn_id: str) -> dict[str, Any] | None:
    """The connection as it is stored, not pointed at any emulator."""
    if conn_id in store.connections:
        return wire_connection(conn_id, store.connections[conn_id])
    if conn_id in WELL_KNOWN:
        kind = WELL_KNOWN[conn_id]
        return wire_connection(conn_id, {"conn_type": kind, "extra": '{"path": "/"}' if kind == "fs" else None})
    return None


def _get_connection(store: Store, call: Call) -> Reply:
    conn_id = call.params["connection_id"]
    connection = find_connection(store, conn_id)
    if connection is None:
        raise refused(404, "not_found", f"Connection with ID {conn_id} not found")
    for rewrite in store.rewriters:
        rewritten = rewrite(dict(connection), call.endpoints)
        if rewritten is not None:
            connection = wire_connection(conn_id, rewritten)
            break
    return Reply(200, connection)


def _name_connection(store: Store, call: Call) -> Footprint:
    return reading(f"connection://{call.params['connection_id']}")


def _owner(store: Store, call: Call) -> TaskInstance:
    ti_id = instance_id(call)
    row = store.instance(ti_id)
    if row is None:
        raise refused(404, "not_found", f"Task instance {ti_id} not found")
    return row


def _get_task_state(store: Store, call: Call) -> Reply:
    key = non_empty(call, "key")
    row = _owner(store, call)
    name = (*row.key, key)
    if name not in store.task_states:
        raise refused(404, "not_found", f"Task state store key {key!r} not found")
    return Reply(200, {"value": store.task_states[name]})


def _set_task_state(store: Store, call: Call) -> Reply:
    key, payload = non_empty(call, "key"), body_of(call, TaskStateBody)
    name = (*_owner(store, call).key, key)
    store.task_states[name] = payload.value
    return NO_CONTENT


def _delete_task_state(store: Store, call: Call) -> Reply:
    key = non_empty(call, "key")
    store.task_states.pop((*_owner(store, call).key, key), None)
    return NO_CONTENT


def _clear_task_state(store: Store, call: Call) -> Reply:
    row = _owner(store, call)
    store.task_states = {name: value for name, value in store.task_states.items() if name[:4] != row.key}
    return NO_CONTENT


def _task_state(store: Store, call: Call) -> str:
    ti_id = instance_id(call)
    row = store.known(ti_id)
    return f"task-state://{row.place if row else f'unknown/{ti_id}'}/{call.params.get('key', '*')}"


def _asset(store: Store, name: str | None, uri: str | None) -> Asset:
    asset = find(store, name, uri)
    if asset is None:
        what = f"name={name!r}" if name is not None else f"uri={uri!r}"
        raise refused(404, "not_found", f"Asset with {what} not found")
    return asset


def _asset_key(store: Store, call: Call, by_name: bool) -> tuple[str, str, str]:
    if by_name:
        named = query_of(call, StateByName)
        asset, key = _asset(store, named.name, None), named.key
    else:
        located = query_of(call, StateByUri)
        asset, key = _asset(store, None, located.uri), located.key
    return asset.name, asset.uri, key


def _get_asset_state(by_name: bool) -> Handle:
    def get(store: Store, call: Call) -> Reply:
        name = _asset_key(store, call, by_name)
        if name not in store.asset_states:
            raise refused(404, "not_found", f"Asset state store key {name[2]!r} not found")
        return Reply(200, {"value": store.asset_states[name]})

    return get


def _set_asset_state(by_name: bool) -> Handle:
    def put(store: Store, call: Call) -> Reply:
        payload = body_of(call, AssetStateBody)
        store.asset_states[_asset_key(store, call, by_name)] = payload.value
        return NO_CONTENT

    return put


def _delete_asset_state(by_name: bool) -> Handle:
    def delete(store: Store, call: Call) -> Reply:
        store.asset_states.pop(_asset_key(store, call, by_name), None)
        return NO_CONTENT

    return delete


def _clear_asset_state(by_name: bool) -> Handle:
    def clear(store: Store, call: Call) -> Reply:
        name = query_of(call, ClearByName).name if by_name else None
        uri = None if by_name else query_of(call, ClearByUri).uri
        asset = _asset(store, name, uri)
        kept = {each: value for each, value in store.asset_states.items() if each[:2] != (asset.name, asset.uri)}
        store.asset_states = kept
        return NO_CONTENT

    return clear


def _asset_state(store: Store, call: Call) -> str:
    name, uri, key = ((call.query.get(each) or [""])[-1] for each in ("name", "uri", "key"))
    asset = find(store, name or None, uri or None) if name or uri else None
    return f"asset-state://{asset.name if asset else name or uri}/{key or '*'}"


def _read(resource: Any) -> Name:
    return lambda store, call: reading(resource(store, call))


def _write(resource: Any) -> Name:
    return lambda store, call: writing(resource(store, call))


def _asset_routes() -> tuple[Route, ...]:
    routes: list[Route] = []
    for word in ("name", "uri"):
        path, by_name = f"/store/asset/by-{word}", word == "name"
        routes += [
            Route(
                "GET",
                f"{path}/value",
                "asset-state.get",
                _get_asset_state(by_name),
                _read(_asset_state),
                since="2026-06-30",
            ),
            Route(
                "PUT",
                f"{path}/value",
                "asset-state.set",
                _set_asset_state(by_name),
                _write(_asset_state),
                since="2026-06-30",
            ),
            Route(
                "DELETE",
                f"{path}/value",
                "asset-state.delete",
                _delete_asset_state(by_name),
                _write(_asset_state),
                since="2026-06-30",
            ),
            Route(
                "DELETE",
                f"{path}/clear",
                "asset-state.clear",
                _clear_asset_state(by_name),
                _write(_asset_state),
                since="2026-06-30",
            ),
        ]
    return tuple(routes)


_VARIABLE, _STATE = "/variables/{variable_key:path}", "/store/ti/{task_instance_id}"
ROUTES = (
    Route("GET", "/variables/keys", "variable.keys", _variable_keys, _name_keys, since="2026-06-30"),
    Route("GET", _VARIABLE, "variable.get", _get_variable, lambda store, call: reading(_variable(call))),
    Route("PUT", _VARIABLE, "variable.set", _put_variable, lambda store, call: writing(_variable(call))),
    Route("DELETE", _VARIABLE, "variable.delete", _delete_variable, lambda store, call: writing(_variable(call))),
    Route("GET", "/connections/{connection_id}", "connection.get", _get_connection, _name_connection),
    Route("GET", f"{_STATE}/{{key:path}}", "task-state.get", _get_task_state, _read(_task_state), since="2026-06-30"),
    Route("PUT", f"{_STATE}/{{key:path}}", "task-state.set", _set_task_state, _write(_task_state), since="2026-06-30"),
    Route(
        "DELETE",
        f"{_STATE}/{{key:path}}",
        "task-state.delete",
        _delete_task_state,
        _write(_task_state),
        since="2026-06-30",
    ),
    Route("DELETE", _STATE, "task-state.clear", _clear_task_state, _write(_task_state), since="2026-06-30"),
    *_asset_routes(),
)
