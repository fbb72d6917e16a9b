"""What the stage asks of its engine, with Airflow 3. (``airflow2/engine.py`` is the same for Airflow 2.11.)"""

from __future__ import annotations

import contextlib
import importlib

from pytest_dagguard.stage.compat import client, dagbag, logs, remember
from pytest_dagguard.stage.compat.orm import block
from pytest_dagguard.stage.compat.parse import connected
from pytest_dagguard.stage.compat.rehearse import rehearse
from pytest_dagguard.stage.compat.sdk import execute

__all__ = ["TRIGGERS", "block", "connected", "execute", "prepare", "rehearse"]

TRIGGERS = "pytest_dagguard.stage.compat.triggers"
"""The module that runs triggers."""


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
