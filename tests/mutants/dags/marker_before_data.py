"""The marker before the data: _SUCCESS says that the partition is complete before it is.

Killed after the marker, the retry believes it and writes nothing. The twin writes the marker last.
"""

from __future__ import annotations

from datetime import datetime

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import dag, task

EXPECT = {"twice": None, "concurrent": None, "killed": "lost"}


def load_partition(hook: S3Hook, ds: str) -> None:
    for number, key in enumerate(sorted(hook.list_keys("raw", prefix=f"clicks/{ds}/"))):
        hook.load_string(hook.read_key(key, "raw"), f"clicks/ds={ds}/part-{number}.jsonl", "lake", replace=True)


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def marker_before_data():
    @task
    def broken(ds: str) -> None:
        hook = S3Hook()
        marker = f"clicks/ds={ds}/_SUCCESS"
        if hook.check_for_key(marker, "lake"):
            return
        hook.load_string("", marker, "lake", replace=True)
        load_partition(hook, ds)

    @task
    def mended(ds: str) -> None:
        hook = S3Hook()
        marker = f"clicks/ds={ds}/_SUCCESS"
        if hook.check_for_key(marker, "lake"):
            return
        load_partition(hook, ds)
        hook.load_string("", marker, "lake", replace=True)

    broken()
    mended()


marker_before_data()
