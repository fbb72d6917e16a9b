"""Retention on Cloud Storage: removes what lies under a prefix, object by object."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.google.cloud.operators.gcs import GCSDeleteObjectsOperator
from airflow.sdk import dag


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def batch_delete_gcs():
    GCSDeleteObjectsOperator(task_id="expire", bucket_name="warehouse", prefix="old/2023-01-01/")


batch_delete_gcs()
