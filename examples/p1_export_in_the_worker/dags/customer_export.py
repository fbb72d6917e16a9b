"""A template of a customer's pipeline, with its new "GCS export". As it broke."""

from __future__ import annotations

import uuid
from datetime import datetime

from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG


def gcs_export(ds: str) -> None:
    hook = GCSHook()
    # all of it goes through the memory of the worker, object by object
    for name in hook.list("warehouse", prefix=f"orders/ds={ds}/"):
        rows = hook.download("warehouse", name)
        hook.upload("exports", f"orders/ds={ds}/{uuid.uuid4()}.csv", data=rows)


with DAG(
    "customer_export",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={"retries": 2},
):
    PythonOperator(task_id="gcs_export", python_callable=gcs_export)
