"""List, then write the highest number plus one: each run publishes a new version of the price list.

A rerun publishes another one. The twin has one version for each day.
"""

from __future__ import annotations

import re
from datetime import datetime

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import dag, task

EXPECT = {"twice": "duplicate", "concurrent": "duplicate", "killed": "duplicate"}


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def next_version():
    @task
    def broken(ds: str) -> None:
        hook = S3Hook()
        versions = [int(re.search(r"v(\d+)", key)[1]) for key in hook.list_keys("lake", prefix="price_list/")]
        prices = hook.read_key(f"orders/{ds}/leeds.csv", "raw")
        hook.load_string(prices, f"price_list/v{max(versions) + 1}.csv", "lake")

    @task
    def mended(ds: str) -> None:
        hook = S3Hook()
        prices = hook.read_key(f"orders/{ds}/leeds.csv", "raw")
        hook.load_string(prices, f"price_list/ds={ds}.csv", "lake", replace=True)

    broken()
    mended()


next_version()
