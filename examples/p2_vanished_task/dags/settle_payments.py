"""Settle the payments of the day. As it broke."""

from __future__ import annotations

import uuid
from datetime import datetime

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 1})
def settle_payments():
    @task
    def settle(ds: str) -> None:
        s3 = S3Hook()
        payments = s3.read_key(f"{ds}/day.csv", "payments")
        # each try settles under an order number of its own
        s3.load_string(payments, f"{ds}/{uuid.uuid4()}.csv", "settlements")

    settle()


settle_payments()
