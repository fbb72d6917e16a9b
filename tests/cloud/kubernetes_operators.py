"""Runs one Kubernetes operator as a task would, in a process of its own: ``python kubernetes_operators.py NAME``.

Prints what came of it as JSON in its last line.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any
from unittest.mock import MagicMock

from airflow.providers.cncf.kubernetes.operators.job import KubernetesJobOperator
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import TaskDeferred

POD = {"task_id": "t", "name": "train", "namespace": "team", "image": "fn"}
OPERATORS: dict[str, Any] = {
    "sync": lambda: KubernetesPodOperator(**POD),
    "xcom": lambda: KubernetesPodOperator(**POD, do_xcom_push=True),
    "deferrable": lambda: KubernetesPodOperator(**POD, deferrable=True, poll_interval=0.1),
    "deferrable-xcom": lambda: KubernetesPodOperator(**POD, deferrable=True, poll_interval=0.1, do_xcom_push=True),
    "keep": lambda: KubernetesPodOperator(**POD, on_finish_action="keep_pod"),
    "job": lambda: KubernetesJobOperator(**POD, wait_until_job_complete=True, job_poll_interval=0.1, backoff_limit=0),
    "job-xcom": lambda: KubernetesJobOperator(
        **POD, wait_until_job_complete=True, job_poll_interval=0.1, get_logs=True, do_xcom_push=True
    ),
}


def context(operator: Any) -> Any:
    ti = MagicMock(
        task_id="t",
        dag_id="d",
        run_id="r",
        map_index=-1,
        try_number=1,
        render_map_index=None,
        id="00000000",
        task=operator,
    )
    ti.get_template_context.return_value = {}
    dag = MagicMock(dag_id="d", is_subdag=False)
    return {"ti": ti, "task_instance": ti, "run_id": "r", "dag": dag, "task": operator, "dag_run": None, "params": {}}


async def first_event(trigger: Any) -> Any:
    async for each in trigger.run():
        return each
    return None


def run(operator: Any) -> Any:
    where = context(operator)
    try:
        return operator.execute(where)
    except TaskDeferred as deferred:
        while True:
            event = asyncio.run(first_event(deferred.trigger))
            try:
                return getattr(operator, deferred.method_name)(where, event=event.payload)
            except TaskDeferred as again:
                deferred = again


def main(name: str) -> None:
    with DAG("d"):
        operator = OPERATORS[name]()
    began = time.monotonic()
    try:
        said: dict[str, Any] = {"result": run(operator)}
    except Exception as error:  # noqa: BLE001 - shown to the test
        import traceback

        traceback.print_exc()
        said = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps({**said, "seconds": time.monotonic() - began}, default=str))


if __name__ == "__main__":
    main(sys.argv[1])
