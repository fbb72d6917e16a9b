"""Running the trigger of a task that deferred itself, as Airflow 2's triggerer does, until it fires its first event."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from airflow.serialization.serialized_objects import BaseSerialization
from airflow.utils.module_loading import import_string

from pytest_dagguard.model.attempt import AttemptSpec
from pytest_dagguard.stage.airflow2 import external
from pytest_dagguard.stage.airflow2.api import Api
from pytest_dagguard.stage.compat.firing import FAIL, Fired, first_event


def run(spec: AttemptSpec, trigger: Mapping[str, Any], method: str, kwargs: Any) -> Fired:
    """Run a trigger in this process.

    :param trigger: ``classpath``, ``kwargs`` and ``timeout`` (seconds or None), as the task asked for
    :param method: the task's ``next_method``
    :param kwargs: the task's ``next_kwargs``, serialized
    """
    external.install(Api(dict(spec.endpoints)["airflow"]))
    try:
        event = asyncio.run(first_event(lambda: _made(trigger), trigger.get("timeout")))
    except asyncio.TimeoutError:
        return _failed("Trigger timeout")
    except BaseException as error:  # noqa: BLE001 - whatever a trigger raises fails the task, not the triggerer
        return _failed("Trigger failure", error)
    if event is None:
        return _failed("Trigger failure", RuntimeError("the trigger ended without an event"))
    # as Trigger.submit_event
    going = {**(BaseSerialization.deserialize(kwargs) or {}), "event": event.payload}
    return Fired(method, BaseSerialization.serialize(going))


def _made(trigger: Mapping[str, Any]) -> Any:
    return import_string(trigger["classpath"])(**BaseSerialization.deserialize(trigger["kwargs"]))


def _failed(why: str, error: BaseException | None = None) -> Fired:
    return Fired(FAIL, BaseSerialization.serialize({"error": why}), error)
