"""What the stage asks of its engine, with Airflow 2.11. (``compat/task_sdk.py`` is the same for Airflow 3.)"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from airflow import settings

from pytest_dagguard.stage.airflow2 import database, guard, remember, secrets
from pytest_dagguard.stage.airflow2.api import Api
from pytest_dagguard.stage.airflow2.task import execute
from pytest_dagguard.stage.compat import dagbag

__all__ = ["TRIGGERS", "block", "connected", "execute", "prepare", "rehearse"]

TRIGGERS = "pytest_dagguard.stage.airflow2.triggers"
"""The module that runs triggers."""

_OFTEN = (
    "airflow.decorators",
    "airflow.operators.bash",
    "airflow.operators.python",
    "airflow.providers.standard.operators.python",
    "airflow.serialization.serialized_objects",
)
"""Modules of which nearly every DAG file has one."""


def prepare() -> None:
    """Do before the forks what each of them would do."""
    with database.in_use() as engine:
        remember.remember(engine, settings.Session)
    dagbag.load("/nonexistent.py")
    for name in _OFTEN:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def rehearse() -> str:
    """There is nothing to run before the forks: a task's own run needs a database of its own."""
    return ""


def block() -> None:
    """Keep this process from any database but the attempt's own, which :mod:`guard` looks after."""
    database.use()


@contextmanager
def connected(url: str, asked: Callable[[Any, Callable[[], Any]], Any]) -> Iterator[None]:
    """Have ``Variable.get`` and the like ask the Execution API at ``url``, in this process from now on.

    :param asked: is given each request and what gets the answer, and returns the answer
    """
    api = Api(url)
    secrets.install(api, asked)
    guard.install(settings.engine, api)
    yield
