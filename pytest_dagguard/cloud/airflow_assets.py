"""Assets and their events: what a success registers, and the routes that ask for them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pytest_dagguard.cloud.airflow_http import (
    Call,
    Footprint,
    Reply,
    Route,
    iso,
    query_of,
    reading,
    refused,
)
from pytest_dagguard.cloud.airflow_payloads import AssetProfile, Success
from pytest_dagguard.cloud.airflow_queries import ByAlias, ByName, ByUri, EventsByAlias, EventsByAsset
from pytest_dagguard.cloud.airflow_store import Asset, AssetEvent, Store, TaskInstance


def find(store: Store, name: str | None = None, uri: str | None = None) -> Asset | None:
    """The active asset with this name or this URI.

    Unless the director said which assets there are, any asset that is asked for is one whose name is its URI, as
    Airflow makes it of ``Asset("name")``.
    """
    for asset in store.assets.values():
        if asset.active and name in (None, asset.name) and uri in (None, asset.uri):
            return asset
    word = name or uri
    return None if store.switches.get("assets_closed") or not word else Asset(name or word, uri or word)


def register_changes(store: Store, row: TaskInstance, payload: Success) -> None:
    """Record the asset events of a success, in Airflow's order: assets, names, URIs, aliases."""
    run = store.runs[row.dag_id, row.run_id]
    given: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for event in payload.outlet_events:
        if "source_alias_name" not in event:
            key = event["dest_asset_key"]
            given.setdefault((key["name"], key["uri"]), []).append(event)
    for asset in _outlets(store, payload.task_outlets):
        store.assets.setdefault((asset.name, asset.uri), asset)
        for event in given.get((asset.name, asset.uri)) or [{"extra": {}}]:
            key = event.get("partition_key")
            _add_event(store, row, asset, event["extra"], (), run.partition_key if key is None else key)
    _register_aliases(store, row, payload, run.partition_key)


def _outlets(store: Store, outlets: list[AssetProfile]) -> list[Asset]:
    found: dict[tuple[str, str], Asset] = {}
    for kind in ("Asset", "AssetNameRef", "AssetUriRef"):
        for each in outlets:
            if each.type != kind:
                continue
            asset = _outlet(store, each)
            if asset is not None:
                found[asset.name, asset.uri] = asset
    return list(found.values())


def _outlet(store: Store, outlet: AssetProfile) -> Asset | None:
    if outlet.type == "Asset":
        if not (outlet.name and outlet.uri):
            return None
        known = store.assets.get((outlet.name, outlet.uri))
        if known is not None:
            return known if known.active else None
        return None if store.switches.get("assets_closed") else Asset(outlet.name, outlet.uri)
    name, uri = (outlet.name, None) if outlet.type == "AssetNameRef" else (None, outlet.uri)
    return find(store, name, uri) if name or uri else None


def _register_aliases(store: Store, row: TaskInstance, payload: Success, partition_key: str | None) -> None:
    mine = {each.name for each in payload.task_outlets if each.type == "AssetAlias" and each.name}
    merged: dict[tuple[str, str, str, str], set[str]] = {}
    for event in payload.outlet_events:
        alias = event.get("source_alias_name")
        if alias in mine:
            key = event["dest_asset_key"]
            extras = (json.dumps(event.get(each) or {}, sort_keys=True) for each in ("dest_asset_extra", "extra"))
            merged.setdefault((key["name"], key["uri"], *extras), set()).add(alias)
    for (name, uri, asset_extra, extra), aliases in merged.items():
        asset = store.assets.get((name, uri)) or Asset(name, uri, extra=json.loads(asset_extra), active=False)
        store.assets.setdefault((name, uri), asset)
        for alias in aliases:
            known = store.aliases.get(alias, ())
            store.aliases[alias] = known if (name, uri) in known else (*known, (name, uri))
        _add_event(store, row, asset, json.loads(extra), tuple(sorted(aliases)), partition_key)


def _add_event(
    store: Store, row: TaskInstance, asset: Asset, extra: Any, aliases: tuple[str, ...], key: str | None
) -> None:
    number = store.number("event")
    store.events[number] = AssetEvent(
        id=number,
        timestamp=store.now(),
        asset=(asset.name, asset.uri),
        extra=extra or {},
        source_dag_id=row.dag_id,
        source_run_id=row.run_id,
        source_task_id=row.task_id,
        source_map_index=row.map_index,
        aliases=aliases,
        partition_key=key,
    )


def document(asset: Asset) -> dict[str, Any]:
    """An asset as the API writes it."""
    return {"name": asset.name, "uri": asset.uri, "group": asset.group, "extra": dict(asset.extra)}


def event_document(store: Store, event: AssetEvent) -> dict[str, Any]:
    """An asset event as the API writes it. No run is ever created by one here."""
    asset = store.assets.get(event.asset) or Asset(*event.asset)
    return {
        "id": event.id,
        "timestamp": iso(event.timestamp),
        "extra": event.extra,
        "asset": document(asset),
        "created_dagruns": [],
        "source_task_id": event.source_task_id,
        "source_dag_id": event.source_dag_id,
        "source_run_id": event.source_run_id,
        "source_map_index": event.source_map_index,
        "partition_key": event.partition_key,
    }


def _get_by_name(store: Store, call: Call) -> Reply:
    name = query_of(call, ByName).name
    asset = find(store, name=name)
    if asset is None:
        raise refused(404, "not_found", f"Asset with name {name} not found")
    return Reply(200, document(asset))


def _get_by_uri(store: Store, call: Call) -> Reply:
    uri = query_of(call, ByUri).uri
    asset = find(store, uri=uri)
    if asset is None:
        raise refused(404, "not_found", f"Asset with URI {uri} not found")
    return Reply(200, document(asset))


def _get_by_alias(store: Store, call: Call) -> Reply:
    names = store.aliases.get(query_of(call, ByAlias).alias_name, ())
    return Reply(200, [document(store.assets[each]) for each in names])


def _events(store: Store, found: list[AssetEvent], query: EventsByAsset | EventsByAlias) -> Reply:
    if query.after:
        found = [each for each in found if each.timestamp >= query.after]
    if query.before:
        found = [each for each in found if each.timestamp <= query.before]
    found = sorted(found, key=lambda each: (each.timestamp, each.id), reverse=not query.ascending)
    if query.limit:
        found = found[: query.limit]
    return Reply(200, {"asset_events": [event_document(store, each) for each in found]})


def _events_by_asset(store: Store, call: Call) -> Reply:
    query = query_of(call, EventsByAsset)
    if not (query.name or query.uri):
        raise refused(400, "Missing parameter", "name and uri cannot both be None")
    exact = bool(query.name and query.uri)
    found = []
    for event in store.events.values():
        asset = store.assets.get(event.asset) or Asset(*event.asset)
        if (exact or asset.active) and query.name in (None, "", asset.name) and query.uri in (None, "", asset.uri):
            found.append(event)
    return _events(store, found, query)


def _events_by_alias(store: Store, call: Call) -> Reply:
    query = query_of(call, EventsByAlias)
    return _events(store, [each for each in store.events.values() if query.name in each.aliases], query)


def declare(store: Store, payload: dict[str, Any]) -> None:
    """The director's word on which assets there are.

    :param payload: ``assets``: list of ``name``, ``uri`` and perhaps ``group``, ``extra``, ``active``; ``closed``:
        True where there are no others
    """
    for each in payload.get("assets", ()):
        asset = Asset(each["name"], each.get("uri") or each["name"])
        more = {name: each[name] for name in ("group", "extra", "active") if name in each}
        store.assets[asset.name, asset.uri] = replace(asset, **more)
    if "closed" in payload:
        store.switches["assets_closed"] = bool(payload["closed"])


def _name_asset(store: Store, call: Call) -> Footprint:
    word = (call.query.get("name") or call.query.get("uri") or call.query.get("alias_name") or [""])[-1]
    return reading(f"asset://{word}")


def _name_events(store: Store, call: Call) -> Footprint:
    name, uri = ((call.query.get(each) or [""])[-1] for each in ("name", "uri"))
    asset = find(store, name or None, uri or None) if name or uri else None
    word = asset.name if asset is not None else name or uri
    return reading(f"asset-event://{word}/*")


def _name_alias_events(store: Store, call: Call) -> Footprint:
    word = (call.query.get("name") or [""])[-1]
    # An alias may stand for any asset.
    return reading(f"asset-event://{word}/*", "asset-event://*")


ROUTES = (
    Route("GET", "/assets/by-name", "asset.get", _get_by_name, _name_asset),
    Route("GET", "/assets/by-uri", "asset.get", _get_by_uri, _name_asset),
    Route("GET", "/assets/by-alias", "asset.by-alias", _get_by_alias, _name_asset, since="2026-06-30"),
    Route("GET", "/asset-events/by-asset", "asset-event.list", _events_by_asset, _name_events),
    Route("GET", "/asset-events/by-asset-alias", "asset-event.list", _events_by_alias, _name_alias_events),
)
