"""A uuid in a key: each run writes its part under a new name, as Spark and Hive do.

The second run's part lies beside the first one's. The twin names the part after its source.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import dag, task

EXPECT = {"twice": "duplicate", "concurrent": "duplicate", "killed": "duplicate"}


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def uuid_part():
    @task
    def broken(ds: str) -> None:
        hook = S3Hook()
        for key in hook.list_keys("raw", prefix=f"orders/{ds}/"):
            rows = hook.read_key(key, "raw").partition("\n")[2]
            hook.load_string(rows, f"orders/ds={ds}/part-{uuid.uuid4()}.csv", "lake")

    @task
    def mended(ds: str) -> None:
        hook = S3Hook()
        for key in hook.list_keys("raw", prefix=f"orders/{ds}/"):
            rows = hook.read_key(key, "raw").partition("\n")[2]
            hook.load_string(rows, f"orders/ds={ds}/part-{key.rpartition('/')[2]}", "lake", replace=True)

    broken()
    mended()


uuid_part()
