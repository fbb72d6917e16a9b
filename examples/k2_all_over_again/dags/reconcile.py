"""Reconcile the ledger of the day, four hours of it at a time. As it broke."""

from __future__ import annotations

import time
from datetime import datetime

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import dag, task

BUCKET = "ledger"


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def reconcile():
    @task
    def reconcile_day(ds: str) -> None:
        s3 = S3Hook()
        lines = []
        for key in s3.list_keys(BUCKET, prefix=f"{ds}/"):
            lines.append(match(s3.read_key(key, BUCKET)))
        # three hours of work are in memory until here
        s3.load_string("".join(lines), f"reconciled/{ds}.csv", BUCKET, replace=True)

    reconcile_day()


def match(part: str) -> str:
    """Half an hour of computing, for which a pause stands here."""
    time.sleep(30 * 60)
    return part.splitlines()[1] + ",matched\n"


reconcile()
