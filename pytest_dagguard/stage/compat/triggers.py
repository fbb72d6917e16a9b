"""Running the trigger of a task that deferred itself, as Airflow's triggerer does, until it fires its first event."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from airflow.models.trigger import Trigger, handle_event_submit

from pytest_dagguard.model.attempt import AttemptSpec
from pytest_dagguard.stage.compat import columns, sdk
from pytest_dagguard.stage.compat.firing import FAIL, Fired, first_event

try:
    from airflow.sdk.module_loading import import_string
except ImportError:  # Airflow 3.0 and 3.1
    from airflow.utils.module_loading import import_string


def run(spec: AttemptSpec, trigger: Mapping[str, Any], method: str, kwargs: Any) -> Fired:
    """Run a trigger in this process.

    :param trigger: ``classpath``, ``kwargs`` and ``timeout`` (seconds or None), as the task asked for
    :param method: the task's ``next_method``
    :param kwargs: the task's ``next_kwargs``, serialized
    """
    fired = _run(spec, trigger, method, columns.read(kwargs))
    return replace(fired, kwargs=columns.write(fired.kwargs))


def _run(spec: AttemptSpec, trigger: Mapping[str, Any], method: str, kwargs: Any) -> Fired:
    try:
        event = asyncio.run(_first_event(spec, trigger))
    except asyncio.TimeoutError:
        return Fired(FAIL, {"error": "Trigger timeout"})
    except BaseException as error:  # noqa: BLE001 - whatever a trigger raises fails the task, not the triggerer
        return Fired(FAIL, {"error": "Trigger failure"}, error)
    if event is None:
        return Fired(FAIL, {"error": "Trigger failure"}, RuntimeError("the trigger ended without an event"))
    row = SimpleNamespace(next_kwargs=kwargs, next_method=method, trigger_id=1, state="deferred", scheduled_dttm=None)
    handle_event_submit(event, task_instance=row, session=SimpleNamespace(flush=lambda: None))
    return Fired(row.next_method, row.next_kwargs)


async def _first_event(spec: AttemptSpec, trigger: Mapping[str, Any]) -> Any:
    with contextlib.suppress(ImportError):
        import greenback

        await greenback.ensure_portal()

    def make() -> Any:
        made = import_string(trigger["classpath"])(**_decoded(trigger["kwargs"]))
        made.trigger_id = 1
        made.task_instance = sdk.task_instance(spec)
        return made

    return await first_event(make, trigger.get("timeout"))


def _decoded(kwargs: Any) -> dict[str, Any]:
    found: dict[str, Any] = Trigger._decrypt_kwargs(kwargs if isinstance(kwargs, str) else json.dumps(kwargs))
    with contextlib.suppress(ImportError):
        from airflow.serialization.decoders import smart_decode_trigger_kwargs

        return {key: smart_decode_trigger_kwargs(value) for key, value in found.items()}
    return found
