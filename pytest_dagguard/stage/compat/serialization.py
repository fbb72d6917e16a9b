"""The round trip that a DAG makes through Airflow's serializer, whose class Airflow 3.2 renamed."""

from __future__ import annotations

import functools
from typing import Any


def problem(dag: Any) -> str:
    """Why Airflow cannot serialize a DAG, in one line; empty where it can."""
    try:
        _serializer().to_dict(dag)
    except Exception as refused:  # noqa: BLE001 - whatever it raises is what the DAG processor would show
        cause = refused.__cause__ or refused
        lines = f"{type(cause).__name__}: {cause}".strip().splitlines()
        return lines[0] if lines else type(cause).__name__
    return ""


@functools.cache
def _serializer() -> Any:
    from airflow.serialization import serialized_objects

    return getattr(serialized_objects, "DagSerialization", None) or serialized_objects.SerializedDAG
