"""Append on retry: the day's total is appended to one ledger object that is read, extended and written back.

Each run of the day adds its line once more. The twin replaces the day's line.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime

import boto3
from airflow.sdk import dag, task

EXPECT = {"twice": "duplicate", "concurrent": "duplicate", "killed": "duplicate"}

LEDGER = {"Bucket": "lake", "Key": "ledger/daily.csv"}


def total_of(s3, ds: str) -> str:
    orders, revenue = 0, 0.0
    for each in s3.list_objects_v2(Bucket="raw", Prefix=f"orders/{ds}/")["Contents"]:
        text = s3.get_object(Bucket="raw", Key=each["Key"])["Body"].read().decode()
        for row in csv.DictReader(io.StringIO(text)):
            orders += 1
            revenue += int(row["quantity"]) * float(row["price"])
    return f"{ds},{orders},{revenue:.2f}\n"


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def ledger_append():
    @task
    def broken(ds: str) -> None:
        s3 = boto3.client("s3")
        ledger = s3.get_object(**LEDGER)["Body"].read().decode()
        s3.put_object(**LEDGER, Body=ledger + total_of(s3, ds))

    @task
    def mended(ds: str) -> None:
        s3 = boto3.client("s3")
        lines = s3.get_object(**LEDGER)["Body"].read().decode().splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith(f"{ds},")]
        s3.put_object(**LEDGER, Body="".join(kept) + total_of(s3, ds))

    broken()
    mended()


ledger_append()
