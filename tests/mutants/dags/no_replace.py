"""Check, then create: S3Hook.load_string refuses an existing key by default.

What the killed try wrote keeps its retry from succeeding. The twin replaces it.
"""

from __future__ import annotations

from datetime import datetime

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import dag, task

EXPECT = {"twice": "cannot-finish", "concurrent": "cannot-finish", "killed": "cannot-finish"}


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def no_replace():
    @task
    def broken(ds: str) -> None:
        hook = S3Hook()
        rows = hook.read_key(f"orders/{ds}/leeds.csv", "raw")
        hook.load_string(rows.upper(), f"orders/{ds}.csv", "lake")

    @task
    def mended(ds: str) -> None:
        hook = S3Hook()
        rows = hook.read_key(f"orders/{ds}/leeds.csv", "raw")
        hook.load_string(rows.upper(), f"orders/{ds}.csv", "lake", replace=True)

    broken()
    mended()


no_replace()
