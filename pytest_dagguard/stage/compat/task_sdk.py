"""What the stage asks of its engine, with Airflow 3. (``airflow2/engine.py`` is the same for Airflow 2.11.)"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Mapping
from typing import Any

from pytest_dagguard.model.attempt import AttemptSpec
from pytest_dagguard.stage.compat import client, dagbag, logs, remember
from pytest_dagguard.stage.compat.firing import Fired
from pytest_dagguard.stage.compat.orm import block
from pytest_dagguard.stage.compat.parse import connected
from pytest_dagguard.stage.compat.sdk import Refused, execute

__all__ = ["Refused", "block", "connected", "execute", "fire", "prepare", "prepare_triggers"]


def prepare() -> None:
    """Do before the forks what each of them would do."""
    logs.plain()
    dagbag.load("/nonexistent.py")
    client.prepare()
    remember.remember()
    for name in (
        "airflow.sdk.definitions.decorators",
        "airflow.sdk.serde",
        "airflow.providers.standard.operators.python",
    ):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def prepare_triggers() -> None:
    """Do before the forks what a trigger needs."""
    importlib.import_module("pytest_dagguard.stage.compat.triggers")


def fire(spec: AttemptSpec, trigger: Mapping[str, Any], method: str, kwargs: Any) -> Fired:
    """Run a trigger, see :func:`pytest_dagguard.stage.compat.triggers.run`."""
    from pytest_dagguard.stage.compat import triggers

    return triggers.run(spec, trigger, method, kwargs)
