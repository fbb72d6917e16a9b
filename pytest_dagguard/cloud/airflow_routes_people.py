"""Routes for questions to people (HITL), connection tests and health."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_dagguard.cloud.airflow_http import (
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
from pytest_dagguard.cloud.airflow_payloads import HitlAnswer, HitlRequest
from pytest_dagguard.cloud.airflow_store import Hitl, Store


def _ask(store: Store, call: Call) -> Reply:
    ti_id, payload = instance_id(call), body_of(call, HitlRequest)
    known = store.hitl.get(ti_id)
    if known is None:
        known = Hitl(payload.model_dump(mode="json", exclude={"ti_id"}))
    elif known.responded_at is not None:
        known = Hitl(known.question)
    store.hitl[ti_id] = known
    return Reply(201, {"ti_id": ti_id, **known.question})


def _asked(store: Store, ti_id: str) -> Hitl:
    known = store.hitl.get(ti_id)
    if known is None:
        text = "HITLDetail not found. This happens most likely due to clearing task instance before receiving response."
        raise refused(404, "not_found", text)
    return known


def _document(known: Hitl) -> dict[str, Any]:
    return {
        "response_received": known.responded_at is not None,
        "responded_by_user": None,
        "responded_at": iso(known.responded_at),
        "chosen_options": list(known.chosen_options),
        "params_input": known.params_input or {},
    }


def _respond(store: Store, call: Call) -> Reply:
    ti_id, payload = instance_id(call), body_of(call, HitlAnswer)
    known = _asked(store, ti_id)
    if known.responded_at is not None:
        text = f"Human-in-the-loop detail for Task Instance with id {ti_id} already exists."
        raise Refused(409, text)
    store.hitl[ti_id] = replace(
        known,
        responded_at=store.now(),
        chosen_options=tuple(payload.chosen_options),
        params_input=payload.params_input,
    )
    return Reply(200, _document(store.hitl[ti_id]))


def _look(store: Store, call: Call) -> Reply:
    return Reply(200, _document(_asked(store, instance_id(call))))


def _no_test(store: Store, call: Call) -> Reply:
    # These are for a worker that was sent to test a connection, not for a task, and go by the token.
    raise Refused(403, "Token type 'execution' not allowed for this endpoint. Allowed types: workload")


def _health(store: Store, call: Call) -> Reply:
    return Reply(200, {"status": "healthy"})


def _ping(store: Store, call: Call) -> Reply:
    return Reply(200, {"ok": [], "failing": {}})


def _hitl(store: Store, call: Call) -> str:
    ti_id = instance_id(call)
    row = store.known(ti_id)
    return f"hitl://{row.place}#{row.try_number}" if row is not None else f"hitl://unknown/{ti_id}"


def _name_read(store: Store, call: Call) -> Footprint:
    return reading(_hitl(store, call))


def _name_update(store: Store, call: Call) -> Footprint:
    return updating(_hitl(store, call))


def _name_test(store: Store, call: Call) -> Footprint:
    return reading(f"connection-test://{call.params['connection_test_id']}")


def _name_health(store: Store, call: Call) -> Footprint:
    return Footprint("health://")


_HITL = "/hitlDetails/{task_instance_id}"
ROUTES = (
    Route("POST", _HITL, "hitl.ask", _ask, _name_update, since="2025-09-23"),
    Route("PATCH", _HITL, "hitl.respond", _respond, _name_update, since="2025-09-23"),
    Route("GET", _HITL, "hitl.get", _look, _name_read, since="2025-09-23"),
    Route(
        "GET",
        "/connection-tests/{connection_test_id}/connection",
        "connection-test.get",
        _no_test,
        _name_test,
        since="2026-06-30",
    ),
    Route(
        "PATCH",
        "/connection-tests/{connection_test_id}",
        "connection-test.report",
        _no_test,
        _name_test,
        since="2026-06-30",
    ),
    Route("GET", "/health", "health.get", _health, _name_health),
    Route("GET", "/health/ping", "health.ping", _ping, _name_health),
)
