"""Polls until the delivery is complete, as often as it takes."""

from __future__ import annotations

import random
import time
from datetime import datetime

import boto3
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def polling_reads():
    @task
    def wait_and_take(ds: str) -> int:
        s3 = boto3.client("s3")
        for _ in range(random.randint(2, 4)):
            count = s3.list_objects_v2(Bucket="raw", Prefix=f"orders/{ds}/")["KeyCount"]
            time.sleep(0.02)
        s3.head_object(Bucket="raw", Key=f"orders/{ds}/leeds.csv")
        s3.copy_object(Bucket="lake", Key=f"taken/{ds}.csv", CopySource=f"raw/orders/{ds}/leeds.csv")
        return count

    wait_and_take()


polling_reads()
