"""Append on retry, on Cloud Storage: clicks of the day are appended to a growing JSON-lines object.

The twin writes the day's clicks to an object of the day.
"""

from __future__ import annotations

from datetime import datetime

from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.sdk import dag, task

EXPECT = {"twice": "duplicate", "concurrent": "duplicate", "killed": "duplicate"}


def clicks_of(gcs: GCSHook, ds: str) -> bytes:
    return b"".join(gcs.download("landing", name) for name in sorted(gcs.list("landing", prefix=f"clicks/{ds}/")))


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def ledger_append_gcs():
    @task
    def broken(ds: str) -> None:
        gcs = GCSHook()
        history = b""
        if gcs.exists("warehouse", "clicks/all.jsonl"):
            history = gcs.download("warehouse", "clicks/all.jsonl")
        gcs.upload("warehouse", "clicks/all.jsonl", data=history + clicks_of(gcs, ds))

    @task
    def mended(ds: str) -> None:
        gcs = GCSHook()
        gcs.upload("warehouse", f"clicks/ds={ds}.jsonl", data=clicks_of(gcs, ds))

    broken()
    mended()


ledger_append_gcs()
