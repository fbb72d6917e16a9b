"""Deletes what is not there, and what nobody needs any more: S3 does not mind."""

from __future__ import annotations

from datetime import datetime

import boto3
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def harmless_deletes():
    @task
    def tidy(ds: str) -> None:
        s3 = boto3.client("s3")
        s3.delete_object(Bucket="lake", Key=f"errors/{ds}.txt")
        s3.delete_object(Bucket="lake", Key="old/2023-01-01/part-0.txt")
        s3.put_object(Bucket="lake", Key=f"tidied/{ds}", Body=b"")

    tidy()


harmless_deletes()
