"""Amazon DynamoDB: tables and their items. PartiQL, streams, exports and imports are refused by name.

A table that is named and missing is not made: nobody here knows its key. The seed does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pytest_dagguard.cloud.aws_services.service import OURS, Body, Footprint, Holding, Refusal, Service, Wanted

_GETS = frozenset({"GetItem"})
_ONE_CHANGED = frozenset({"DeleteItem", "PutItem", "UpdateItem"})
_BATCHES = frozenset({"BatchGetItem", "BatchWriteItem", "TransactGetItems", "TransactWriteItems"})
_SEARCHES = frozenset({"Query", "Scan"})
_TABLES = frozenset(
    {
        "CreateTable",
        "DeleteTable",
        "TagResource",
        "UntagResource",
        "UpdateContinuousBackups",
        "UpdateTable",
        "UpdateTimeToLive",
    }
)
_READS = frozenset(
    {"DescribeContinuousBackups", "DescribeTable", "DescribeTimeToLive", "ListTables", "ListTagsOfResource"}
)
_LOOKS = ("ConditionExpression", "Expected", "ReturnValues")
"""Parts of a request to put or delete an item by which the answer depends on the old one."""

_TOKENS = OURS + "tokens"
_REMEMBERED = 600.0
"""Seconds for which a token of a transaction is remembered."""


def _name(wanted: Any) -> str:
    """The resource of a table by its name or its ARN: ``dynamodb://orders``."""
    return f"dynamodb://{str(wanted).rpartition(':table/')[2].partition('/')[0]}"


def _holds(backend: Any, wanted: Wanted) -> Iterator[Holding]:
    for table in list(backend.tables.values()):
        kept = {"key": table.schema, "types": table.attr, "time to live": table.ttl, "tags": table.tags}
        yield Holding(_name(table.name), "table", json.dumps(kept, sort_keys=True).encode())
        for item in _items(table):
            key = [each.value for each in (item.hash_key, item.range_key) if each is not None]
            name = "/".join([_name(table.name), *map(str, key)])
            if wanted(name):
                attributes = item.to_json()["Attributes"]
                text = json.dumps({key: plain(each) for key, each in attributes.items()}, sort_keys=True)
                yield Holding(name, "item", text.encode())


def _items(table: Any) -> Iterator[Any]:
    """The items of a table, in no order, which moto's own list would take its time for."""
    for found in table.items.values():
        yield from found.values() if table.range_key_attr else (found,)


def _item(backend: Any, wanted: Any, attributes: Mapping[str, Any]) -> str:
    """The resource of an item, by attributes among which its key is: ``dynamodb://orders/42/2024-01-01``."""
    name = _name(wanted)
    table = backend.tables.get(name.removeprefix("dynamodb://"))
    key = table.table_key_attrs if table is not None else sorted(attributes)
    parts = [str(next(iter(attributes[each].values()))) for each in key if attributes.get(each)]
    return "/".join([name, *parts])


def plain(value: Mapping[str, Any]) -> Any:
    """An attribute as JSON has it; binary data and sets keep their type's name."""
    kind, said = next(iter(value.items()))
    if kind == "N":
        return int(said) if str(said).lstrip("-").isdecimal() else float(said)
    if kind == "L":
        return [plain(each) for each in said]
    if kind == "M":
        return {key: plain(each) for key, each in said.items()}
    if kind == "NULL":
        return None
    return said if kind in ("S", "BOOL") else {kind: sorted(map(str, said)) if isinstance(said, list) else str(said)}


def typed(value: Any) -> dict[str, Any]:
    """An attribute from a value of a seed file."""
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, (int, float)):
        return {"N": str(value)}
    if isinstance(value, list):
        return {"L": [typed(each) for each in value]}
    if isinstance(value, dict):
        return {"M": {str(key): typed(each) for key, each in value.items()}}
    return {"S": str(value)}


def _footprint(backend: Any, action: str, body: Body) -> Footprint:
    if action == "ListTables":
        return Footprint("dynamodb://*", frozenset({"dynamodb://*"}))
    if action in _BATCHES:
        return _many(_parts(backend, body))
    table = _name(body.get("TableName") or body.get("ResourceArn"))
    if action in _SEARCHES:
        return Footprint(table, frozenset({table, f"{table}/*"}))
    if action in _GETS | _ONE_CHANGED:
        item = _item(backend, body.get("TableName"), body.get("Key") or body.get("Item") or {})
        looks = action in ("GetItem", "UpdateItem") or any(body.get(each) for each in _LOOKS)
        reads = frozenset({table, item} if looks else {table})
        return Footprint(item, reads, frozenset({item} if action in _ONE_CHANGED else ()))
    touched = frozenset({table, f"{table}/*"} if action == "DeleteTable" else {table})
    return Footprint(table, touched, touched if action in _TABLES else frozenset())


def _many(parts: Iterable[tuple[str, str, bool, bool]]) -> Footprint:
    """The footprint of several items.

    :param parts: table, item, whether it is looked at, whether it is written
    """
    found = list(parts)
    reads = {table for table, _, _, _ in found} | {item for _, item, looks, _ in found if looks}
    writes = frozenset(item for _, item, _, changes in found if changes)
    tables = sorted({table for table, _, _, _ in found})
    items = sorted({item for _, item, _, _ in found})
    shown = items[0] if len(items) == 1 else tables[0] if len(tables) == 1 else "dynamodb://*"
    return Footprint(shown, frozenset(reads), writes)


def _parts(backend: Any, body: Body) -> Iterator[tuple[str, str, bool, bool]]:
    """What a batch or a transaction is about."""
    for table, asked in (body.get("RequestItems") or {}).items():
        if isinstance(asked, dict):
            for key in asked.get("Keys") or ():
                yield _name(table), _item(backend, table, key), True, False
            continue
        for each in asked:
            given = next(iter(each.values()))
            yield _name(table), _item(backend, table, given.get("Item") or given.get("Key") or {}), False, True
    for each in body.get("TransactItems") or ():
        verb, given = next(iter(each.items()))
        table = given.get("TableName")
        item = _item(backend, table, given.get("Item") or given.get("Key") or {})
        looks = verb not in ("Put", "Delete") or bool(given.get("ConditionExpression"))
        yield _name(table), item, looks, verb not in ("Get", "ConditionCheck")


def _transact(backend: Any, body: Body) -> Body | Refusal:
    """``TransactWriteItems``: moto takes no notice of the client token."""
    known: dict[str, tuple[str, float]] = vars(backend).setdefault(_TOKENS, {})
    token = str(body.get("ClientRequestToken") or "")
    asked = json.dumps(body.get("TransactItems"), sort_keys=True)
    if token in known:
        if known[token][0] != asked:
            what = "The provided client request token was used with other parameters"
            return Refusal("IdempotentParameterMismatchException", what)
        return {}
    backend.transact_write_items(list(body.get("TransactItems") or ()))
    if token:
        known[token] = (asked, 0.0)
    return {}


def _lapse(backend: Any, seconds: float) -> None:
    """Let tokens of transactions be forgotten."""
    known = vars(backend).get(_TOKENS, {})
    for token, (asked, age) in list(known.items()):
        known[token] = (asked, age + seconds)
        if age + seconds > _REMEMBERED:
            del known[token]


def _sow(backend: Any, part: Mapping[str, Mapping[str, Any]]) -> None:
    for name, given in part.items():
        key: Mapping[str, str] = given["key"]
        kinds = ("HASH", "RANGE")
        backend.create_table(
            name,
            schema=[{"AttributeName": each, "KeyType": kind} for each, kind in zip(key, kinds, strict=False)],
            throughput=None,
            attr=[{"AttributeName": each, "AttributeType": kind} for each, kind in key.items()],
            global_indexes=None,
            indexes=None,
            streams=None,
            billing_mode="PAY_PER_REQUEST",
            sse_specification=None,
            tags=[],
            deletion_protection_enabled=False,
            warm_throughput=None,
        )
        for item in given["items"]:
            backend.put_item(name, {each: typed(value) for each, value in item.items()})


SERVICE = Service(
    signing="dynamodb",
    host="dynamodb",
    holds=_holds,
    footprint=_footprint,
    seed=lambda seed: seed.tables,
    sow=_sow,
    verbs=_GETS | _ONE_CHANGED | _BATCHES | _SEARCHES | _TABLES | _READS,
    own={"TransactWriteItems": _transact},
    lapse=_lapse,
    regional=False,
    emulated="tables and their items are emulated, and PartiQL, exports and imports are not",
)
