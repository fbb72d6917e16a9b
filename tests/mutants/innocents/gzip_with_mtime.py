"""A gzip header holds the time of packing."""

from __future__ import annotations

import gzip
import time
from datetime import datetime

from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def gzip_with_mtime():
    @task
    def pack(ds: str) -> None:
        gcs = GCSHook()
        rows = b"".join(gcs.download("landing", name) for name in sorted(gcs.list("landing", prefix=f"clicks/{ds}/")))
        gcs.upload("warehouse", f"packed/{ds}.jsonl.gz", data=gzip.compress(rows, mtime=int(time.time())))

    pack()


gzip_with_mtime()
