"""Temporary objects leaked, on Cloud Storage: a spool with the time in its name.

The twin's spool has a fixed name, so that the retry overwrites it and removes it.
"""

from __future__ import annotations

import time
from datetime import datetime

from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.sdk import dag, task

EXPECT = {"twice": None, "concurrent": None, "killed": "leak"}


def publish(gcs: GCSHook, spool: str, ds: str) -> None:
    rows = b"".join(gcs.download("landing", name) for name in sorted(gcs.list("landing", prefix=f"clicks/{ds}/")))
    gcs.upload("warehouse", spool, data=rows)
    gcs.rewrite("warehouse", spool, "warehouse", f"clicks/{ds}.jsonl")
    gcs.delete("warehouse", spool)


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def temporary_files_gcs():
    @task
    def broken(ds: str) -> None:
        publish(GCSHook(), f"spool/clicks-{time.time_ns()}", ds)

    @task
    def mended(ds: str) -> None:
        publish(GCSHook(), f"spool/clicks-{ds}", ds)

    broken()
    mended()


temporary_files_gcs()
