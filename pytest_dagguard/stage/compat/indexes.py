"""Whose XComs a task takes that comes after one in a mapped task group: what Airflow 3.0 and 3.1 have the server say.

There the answer to a start has the map indexes of each task before it; from 3.2 on workers find them out themselves.
Our server does not know the DAG's groups and says none, so they are found here, by the rules of Airflow's own
(``_get_upstream_map_indexes`` in its routes for task instances).
"""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

from pytest_dagguard.model.counting import count
from pytest_dagguard.stage import mapping


def add(instance: Any) -> None:
    """Complete what the server has said at the start of a task instance.

    :param instance: with its task and the server's answer
    """
    answer = instance._ti_context_from_server
    if "upstream_map_indexes" in type(answer).model_fields:
        tasks = [instance.task.dag.get_task(each) for each in sorted(instance.task.upstream_task_ids)]
        answer.upstream_map_indexes = {each.task_id: _of(each, instance) for each in tasks}


def _of(before: Any, instance: Any) -> int | list[int] | None:
    group = mapping.mapped_group(before)
    if not group:
        return None
    if group == mapping.mapped_group(instance.task):
        return int(instance.map_index)
    length = mapping.group_length(before)

    def of_xcom(task_id: str) -> int | None:
        found = instance.xcom_pull(task_ids=task_id, map_indexes=None)
        return len(found) if isinstance(found, Sized) else None

    number = count(length, of_xcom) if length is not None else None
    return list(range(number)) if number is not None else None
