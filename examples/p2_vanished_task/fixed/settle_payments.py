"""Settle the payments of the day. As it was mended."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 1})
def settle_payments():
    @task
    def settle(ds: str) -> None:
        s3 = S3Hook()
        payments = s3.read_key(f"{ds}/day.csv", "payments")
        # one order for one day: whoever settles it again writes the same
        s3.load_string(payments, f"{ds}/settlement.csv", "settlements", replace=True)

    settle()


settle_payments()
