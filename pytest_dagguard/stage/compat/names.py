"""What Airflow 3's ``airflow.sdk`` has and Airflow 2 keeps elsewhere."""

from __future__ import annotations

from types import ModuleType
from typing import Any


def base_operator() -> Any:
    """The class of which every operator is a subclass."""
    try:
        from airflow.sdk import BaseOperator
    except ImportError:
        from airflow.models.baseoperator import BaseOperator
    return BaseOperator


def xcom_arguments() -> ModuleType:
    """The module with the kinds of ``XComArg``."""
    try:
        from airflow.sdk.definitions import xcom_arg
    except ImportError:
        from airflow.models import xcom_arg
    return xcom_arg  # type: ignore[no-any-return]
