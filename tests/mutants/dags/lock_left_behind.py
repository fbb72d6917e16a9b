"""A lock object left behind: who finds it gives up, and a killed worker does not remove it.

The twin writes into the lock for which run it is, and a retry of the run takes it over.
"""

from __future__ import annotations

from datetime import datetime

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import dag, task

EXPECT = {"twice": None, "concurrent": "cannot-finish", "killed": "cannot-finish"}

LOCK = "locks/orders-import"


def load_orders(hook: S3Hook, ds: str) -> None:
    parts = [hook.read_key(key, "raw") for key in sorted(hook.list_keys("raw", prefix=f"orders/{ds}/"))]
    hook.load_string("".join(parts), f"orders/{ds}.csv", "lake", replace=True)


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def lock_left_behind():
    @task
    def broken(ds: str) -> None:
        hook = S3Hook()
        if hook.check_for_key(LOCK, "lake"):
            raise RuntimeError("another import is running")
        hook.load_string("locked", LOCK, "lake")
        try:
            load_orders(hook, ds)
        finally:
            hook.delete_objects("lake", LOCK)

    @task
    def mended(ds: str, run_id: str) -> None:
        hook = S3Hook()
        if hook.check_for_key(LOCK, "lake") and hook.read_key(LOCK, "lake") != run_id:
            raise RuntimeError("another import is running")
        hook.load_string(run_id, LOCK, "lake", replace=True)
        load_orders(hook, ds)
        hook.delete_objects("lake", LOCK)

    broken()
    mended()


lock_left_behind()
