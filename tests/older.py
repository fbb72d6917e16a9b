"""DAG files that are written for Airflow 3, as Airflow 2 has them: other modules for the same names, and nothing else."""

from __future__ import annotations

import re
from importlib.metadata import version

AIRFLOW = tuple(map(int, version("apache-airflow").split(".")[:2]))
"""Major and minor number of the Airflow that is there."""

PLACES = {
    "Asset": "airflow.datasets import Dataset as Asset",
    "AssetAlias": "airflow.datasets import DatasetAlias as AssetAlias",
    "BaseOperatorLink": "airflow.models.baseoperatorlink import BaseOperatorLink",
    "BaseHook": "airflow.hooks.base import BaseHook",
    "BaseOperator": "airflow.models.baseoperator import BaseOperator",
    "Connection": "airflow.models import Connection",
    "DAG": "airflow import DAG",
    "Metadata": "airflow.datasets.metadata import Metadata",
    "ObjectStoragePath": "airflow.io.path import ObjectStoragePath",
    "Param": "airflow.models.param import Param",
    "PokeReturnValue": "airflow.sensors.base import PokeReturnValue",
    "TaskGroup": "airflow.utils.task_group import TaskGroup",
    "Variable": "airflow.models import Variable",
    "dag": "airflow.decorators import dag",
    "get_current_context": "airflow.operators.python import get_current_context",
    "setup": "airflow.decorators import setup",
    "task": "airflow.decorators import task",
    "task_group": "airflow.decorators import task_group",
    "teardown": "airflow.decorators import teardown",
    "TaskDeferred": "airflow.exceptions import TaskDeferred",
    "AirflowSkipException": "airflow.exceptions import AirflowSkipException",
}
_IMPORT = re.compile(r"\bfrom airflow\.sdk(?:\.exceptions)? import (\w+(?:, \w+)*)")


def here(source: str) -> str:
    """The file as the Airflow that is here takes it."""
    return source if AIRFLOW >= (3, 0) else translated(source)


def translated(source: str) -> str:
    """The file with its imports from ``airflow.sdk`` led to where Airflow 2 has the names; no line moves."""

    def there(found: re.Match[str]) -> str:
        names = found[1].split(", ")
        known = all(name in PLACES for name in names)
        return "; ".join(f"from {PLACES[name]}" for name in names) if known else found[0]

    return _IMPORT.sub(there, source)
