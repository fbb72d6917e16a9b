"""Retention: removes an old partition with one DeleteObjects."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.amazon.aws.operators.s3 import S3DeleteObjectsOperator
from airflow.sdk import dag


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def batch_delete():
    S3DeleteObjectsOperator(task_id="expire", bucket="lake", prefix="old/2023-01-01/")


batch_delete()
