"""The engine that runs tasks: Airflow 3 has its Task SDK for it, Airflow 2 the models of its metadata database."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_dagguard.model.attempt import AttemptSpec
from pytest_dagguard.stage.compat.ending import Refused
from pytest_dagguard.stage.compat.firing import Fired
from pytest_dagguard.stage.compat.version import MAJOR

if TYPE_CHECKING or MAJOR >= 3:
    from pytest_dagguard.stage.compat import task_sdk as chosen
else:
    from pytest_dagguard.stage.airflow2 import engine as chosen

__all__ = ["Refused", "block", "connected", "execute", "fire", "prepare", "prepare_triggers", "rehearse"]

block, connected, execute = chosen.block, chosen.connected, chosen.execute
prepare, rehearse = chosen.prepare, chosen.rehearse


def prepare_triggers() -> None:
    """Do before the forks what a trigger needs."""
    importlib.import_module(chosen.TRIGGERS)


def fire(spec: AttemptSpec, trigger: Mapping[str, Any], method: str, kwargs: Any) -> Fired:
    """Run a trigger in this process, as a triggerer does, until it fires.

    :param trigger: ``classpath``, ``kwargs`` and ``timeout`` (seconds or None), as the task asked for
    :param method: the task's ``next_method``
    :param kwargs: the task's ``next_kwargs``, serialized
    """
    fired: Fired = importlib.import_module(chosen.TRIGGERS).run(spec, trigger, method, kwargs)
    return fired
