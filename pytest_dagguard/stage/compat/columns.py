"""What a deferred task has left to go on with, as it is in Airflow's database and as a triggerer has it.

In Airflow 3.0 and 3.1 the database's column serializes it, so that the triggerer never sees it serialized. From 3.2 on
the triggerer does that itself.
"""

from __future__ import annotations

import importlib.util
from typing import Any

COLUMN_SERIALIZES = importlib.util.find_spec("airflow.sdk.serde") is None


def read(stored: Any) -> Any:
    """What a triggerer reads.

    :param stored: ``next_kwargs`` as the task side has reported it
    """
    if not COLUMN_SERIALIZES or not stored:
        return stored
    from airflow.serialization.serialized_objects import BaseSerialization

    return BaseSerialization.deserialize(stored)


def write(kwargs: Any) -> Any:
    """What becomes of it where a triggerer, or a scheduler, writes it."""
    if not COLUMN_SERIALIZES or kwargs is None:
        return kwargs
    from airflow.serialization.serialized_objects import BaseSerialization

    return BaseSerialization.serialize(kwargs)
