"""Sends one try of a task to Celery, as Airflow's scheduler does; run as a program of its own.

``python -m pytest_dagguard.stage.celery_publish '{"ti_id": ..., "dag_id": ..., ...}'``
"""

from __future__ import annotations

import json
import sys
import uuid
from typing import Any

QUEUE = "default"


def publish(what: dict[str, Any]) -> str:
    """Send a workload by the provider's own way.

    :param what: ``ti_id``, ``dag_id``, ``task_id``, ``run_id``, ``try_number``, ``map_index``, and ``path`` of the DAG
        file below the DAGs folder
    :returns: why it could not be sent; empty where it was
    """
    from airflow.executors.workloads.base import BundleInfo
    from airflow.executors.workloads.task import ExecuteTask, TaskInstanceDTO
    from airflow.providers.celery.executors import celery_executor_utils as celery

    fields = {name: what[name] for name in ("dag_id", "task_id", "run_id", "try_number", "map_index")}
    instance = TaskInstanceDTO(
        id=uuid.UUID(what["ti_id"]),
        dag_version_id=uuid.UUID(int=1),
        pool_slots=1,
        priority_weight=1,
        queue=QUEUE,
        context_carrier={},
        **fields,
    )
    workload = ExecuteTask(
        ti=instance, token="", dag_rel_path=what["path"], bundle_info=BundleInfo(name="dags-folder"), log_path=None
    )
    _, _, result = celery.send_workload_to_executor((instance.key, workload, QUEUE, None))
    return str(result) if isinstance(result, celery.ExceptionWithTraceback) else ""


if __name__ == "__main__":
    sys.exit(publish(json.loads(sys.argv[1])) or 0)
