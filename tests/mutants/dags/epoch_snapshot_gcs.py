"""The clock in a name, on Cloud Storage: a snapshot for each run, told apart by seconds since 1970.

The twin names the snapshot after the interval.
"""

from __future__ import annotations

import time
from datetime import datetime

from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.sdk import dag, task

EXPECT = {"twice": "duplicate", "concurrent": "duplicate", "killed": "duplicate"}


def snapshot(gcs: GCSHook, ds: str) -> str:
    names = sorted(gcs.list("landing", prefix=f"orders/{ds}/"))
    header, *_ = gcs.download("landing", names[0]).decode().splitlines()
    rows = [line for name in names for line in gcs.download("landing", name).decode().splitlines()[1:]]
    return "\n".join([header, *sorted(rows)]) + "\n"


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def epoch_snapshot_gcs():
    @task
    def broken(ds: str) -> None:
        gcs = GCSHook()
        gcs.upload("warehouse", f"snapshots/orders-{int(time.time())}.csv", data=snapshot(gcs, ds))

    @task
    def mended(ds: str) -> None:
        gcs = GCSHook()
        gcs.upload("warehouse", f"snapshots/orders-{ds}.csv", data=snapshot(gcs, ds))

    broken()
    mended()


epoch_snapshot_gcs()
