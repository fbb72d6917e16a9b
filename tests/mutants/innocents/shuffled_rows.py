"""Rows in another order at each run: a table has no order."""

from __future__ import annotations

import random
from datetime import datetime

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def shuffled_rows():
    @task
    def sample(ds: str) -> None:
        hook = S3Hook()
        rows = [
            row
            for key in hook.list_keys("raw", prefix=f"orders/{ds}/")
            for row in hook.read_key(key, "raw").splitlines()[1:]
        ]
        random.shuffle(rows)
        hook.load_string("order_id,item,quantity,price\n" + "\n".join(rows), f"sample/{ds}.csv", "lake", replace=True)

    sample()


shuffled_rows()
