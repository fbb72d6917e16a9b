"""The engine that runs tasks: Airflow 3 has its Task SDK for it, Airflow 2 the models of its metadata database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dagguard.stage.compat.version import MAJOR

if TYPE_CHECKING or MAJOR >= 3:
    from pytest_dagguard.stage.compat.task_sdk import (
        Refused,
        block,
        connected,
        execute,
        fire,
        prepare,
        prepare_triggers,
    )
else:
    from pytest_dagguard.stage.airflow2.engine import (
        Refused,
        block,
        connected,
        execute,
        fire,
        prepare,
        prepare_triggers,
    )

__all__ = ["Refused", "block", "connected", "execute", "fire", "prepare", "prepare_triggers"]
