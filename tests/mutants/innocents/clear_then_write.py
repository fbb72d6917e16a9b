"""Clears the interval's partition and writes it anew: for a while a reader finds nothing, and that is said."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import dag, task

WARNS = {"reload": ("reader-window",)}


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def clear_then_write():
    @task
    def reload(ds: str) -> None:
        hook, prefix = S3Hook(), f"orders/ds={ds}/"
        if there := hook.list_keys("lake", prefix=prefix):
            hook.delete_objects("lake", there)
        for key in hook.list_keys("raw", prefix=f"orders/{ds}/"):
            hook.load_string(hook.read_key(key, "raw"), prefix + key.rpartition("/")[2], "lake", replace=True)

    reload()


clear_then_write()
