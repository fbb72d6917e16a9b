"""A temporary object with a name of its own for the interval: a retry overwrites and removes it."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def fixed_temporary_key():
    @task
    def publish(ds: str) -> None:
        hook, temporary = S3Hook(), f"tmp/orders-{ds}.csv"
        hook.load_string(hook.read_key(f"orders/{ds}/leeds.csv", "raw"), temporary, "lake", replace=True)
        hook.copy_object(temporary, f"orders/{ds}.csv", "lake", "lake")
        hook.delete_objects("lake", temporary)

    publish()


fixed_temporary_key()
