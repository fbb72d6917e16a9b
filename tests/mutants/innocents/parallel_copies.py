"""Copies in threads: the order of the requests is another one at each run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import boto3
from airflow.sdk import dag, task

NAMES = [("orders", "berlin.csv"), ("orders", "leeds.csv"), ("clicks", "00.jsonl"), ("clicks", "01.jsonl")]


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def parallel_copies():
    @task
    def copy(ds: str) -> None:
        s3 = boto3.client("s3")
        keys = [f"{kind}/{ds}/{name}" for kind, name in NAMES]
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda key: s3.copy_object(Bucket="lake", Key=f"copy/{key}", CopySource=f"raw/{key}"), keys))

    copy()


parallel_copies()
