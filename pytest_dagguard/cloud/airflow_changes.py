"""Changes of a task instance's state that the task side reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from pytest_dagguard.cloud.airflow_assets import register_changes
from pytest_dagguard.cloud.airflow_http import refused
from pytest_dagguard.cloud.airflow_payloads import AwaitingInput, Deferred, Reschedule, Retry, Success, Target, Terminal
from pytest_dagguard.cloud.airflow_store import Store, TaskInstance

ID_LENGTH = 250


def check_partition_keys(payload: Success) -> None:
    """Check the partition keys of asset events.

    :raises Refused: one is blank or too long for Airflow's database (422)
    """
    for event in payload.outlet_events:
        key = event.get("partition_key")
        if key is None:
            continue
        if not key.strip():
            problem = f"must not be empty or whitespace-only; got {key!r}."
        elif len(key) > ID_LENGTH:
            problem = f"must be at most {ID_LENGTH} characters; got {len(key)}."
        else:
            continue
        raise refused(422, "invalid_partition_key", f"partition_key in outlet event {problem}")


def _seconds(row: TaskInstance, end: datetime) -> float | None:
    return None if row.start_date is None else round((end - row.start_date).total_seconds(), 3)


def change(store: Store, row: TaskInstance, payload: Any) -> None:
    """Bring a running task instance into the state that the payload asks for."""
    wanted = payload.state.value
    index = {"rendered_map_index": payload.rendered_map_index} if _sets_index(payload) else {}
    if isinstance(payload, (Terminal, Success, Retry)):
        ended = replace(
            row,
            state=wanted,
            end_date=payload.end_date,
            duration=_seconds(row, payload.end_date),
            next_method=None,
            next_kwargs=None,
            **index,
        )
        if isinstance(payload, Retry):
            # Airflow archives the try before the new state reaches its row, hence as failed.
            archived = replace(ended, state=row.state, retry_delay=payload.retry_delay_seconds)
            fresh = store.next_try(archived)
            reason = payload.retry_reason[:500] if payload.retry_reason else None
            store.put(replace(fresh, state=wanted, retry_reason=reason))
            return
        store.put(ended)
        if isinstance(payload, Success):
            register_changes(store, row, payload)
    elif isinstance(payload, Deferred):
        store.put(_deferred(row, payload))
    elif isinstance(payload, AwaitingInput):
        store.put(_parked(store, row, payload))
    elif isinstance(payload, Reschedule):
        _reschedule(store, row, payload)
    elif isinstance(payload, Target):
        now = store.now()
        store.put(replace(row, state="failed", end_date=now, duration=_seconds(row, now)))


def _sets_index(payload: Any) -> bool:
    return "rendered_map_index" in payload.model_fields_set


def _deferred(row: TaskInstance, payload: Deferred) -> TaskInstance:
    timeout = payload.trigger_timeout
    trigger = {
        "classpath": payload.classpath,
        "kwargs": payload.trigger_kwargs,
        "timeout": None if timeout is None else timeout.total_seconds(),
        "queue": payload.queue,
    }
    return replace(
        row,
        state="deferred",
        trigger=trigger,
        next_method=payload.next_method,
        next_kwargs=payload.next_kwargs,
    )


def _parked(store: Store, row: TaskInstance, payload: AwaitingInput) -> TaskInstance:
    asked = store.hitl.get(row.id)
    # A person who was quicker than the worker: straight on, or nobody would ever wake the task.
    state = "scheduled" if asked is not None and asked.responded_at is not None else "awaiting_input"
    return replace(row, state=state, next_method=payload.next_method, next_kwargs=payload.next_kwargs)


def _reschedule(store: Store, row: TaskInstance, payload: Reschedule) -> None:
    store.put(
        replace(
            row,
            state="up_for_reschedule",
            end_date=payload.end_date,
            duration=_seconds(row, payload.end_date),
            next_method=None,
            next_kwargs=None,
            reschedules=(*row.reschedules, store.now()),
            reschedule_date=payload.reschedule_date,
        )
    )
