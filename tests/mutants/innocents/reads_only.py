"""Looks at the delivery and fails if something is wrong with it; writes nothing."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def reads_only():
    @task
    def check(ds: str) -> None:
        hook, gcs = S3Hook(), GCSHook()
        for key in hook.list_keys("raw", prefix=f"orders/{ds}/"):
            assert hook.read_key(key, "raw").encode() == gcs.download("landing", key)

    check()


reads_only()
