"""A counter in an Airflow Variable: each run adds what it loaded.

A rerun counts twice. The twin keeps a figure for each day.
"""

from __future__ import annotations

import json
from datetime import datetime

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import Variable, dag, task

EXPECT = {"twice": "changed", "concurrent": "changed", "killed": "changed"}


def load_orders(ds: str) -> int:
    hook, count = S3Hook(), 0
    for key in sorted(hook.list_keys("raw", prefix=f"orders/{ds}/")):
        rows = hook.read_key(key, "raw")
        hook.load_string(rows, f"orders/ds={ds}/{key.rpartition('/')[2]}", "lake", replace=True)
        count += rows.count("\n") - 1
    return count


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def variable_counter():
    @task
    def broken(ds: str) -> None:
        loaded = load_orders(ds)
        Variable.set("orders_loaded", str(int(Variable.get("orders_loaded")) + loaded))

    @task
    def mended(ds: str) -> None:
        history = json.loads(Variable.get("load_history"))
        history[ds] = load_orders(ds)
        Variable.set("load_history", json.dumps(history, sort_keys=True))

    broken()
    mended()


variable_counter()
