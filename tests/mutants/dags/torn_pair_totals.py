"""Two objects that must agree: the ledger of days and the running total, the second derived by adding.

Killed between the two, the retry sees the day in the ledger and leaves the total as it was. The twin computes the
total from the ledger, each time.
"""

from __future__ import annotations

import json
from datetime import datetime

import boto3
from airflow.sdk import dag, task

EXPECT = {"twice": None, "concurrent": "changed", "killed": "changed"}

LEDGER = {"Bucket": "lake", "Key": "ledger/daily.csv"}
TOTAL = {"Bucket": "lake", "Key": "ledger/total.json"}


def read(s3) -> str:
    return s3.get_object(**LEDGER)["Body"].read().decode()


def orders_of(s3, ds: str) -> int:
    return s3.get_object(Bucket="raw", Key=f"orders/{ds}/leeds.csv")["Body"].read().count(b"\n") - 1


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def torn_pair_totals():
    @task
    def broken(ds: str) -> None:
        s3 = boto3.client("s3")
        ledger, orders = read(s3), orders_of(s3, ds)
        if f"\n{ds}," in ledger:
            return
        total = json.loads(s3.get_object(**TOTAL)["Body"].read())["orders"]
        s3.put_object(**LEDGER, Body=f"{ledger}{ds},{orders},267.00\n")
        s3.put_object(**TOTAL, Body=json.dumps({"orders": total + orders}))

    @task
    def mended(ds: str) -> None:
        s3 = boto3.client("s3")
        ledger, orders = read(s3), orders_of(s3, ds)
        if f"\n{ds}," not in ledger:
            ledger += f"{ds},{orders},267.00\n"
        s3.put_object(**LEDGER, Body=ledger)
        total = sum(int(line.split(",")[1]) for line in ledger.splitlines()[1:])
        s3.put_object(**TOTAL, Body=json.dumps({"orders": total}))

    broken()
    mended()


torn_pair_totals()
