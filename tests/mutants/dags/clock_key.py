"""The clock in a key: the report lies under the time at which the task happened to run.

A rerun on the next day leaves a second report. The twin uses the interval's date.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone

import boto3
from airflow.sdk import dag, task

EXPECT = {"twice": "duplicate", "concurrent": "duplicate", "killed": "duplicate"}


def report(s3, ds: str) -> bytes:
    found = s3.list_objects_v2(Bucket="raw", Prefix=f"orders/{ds}/")["Contents"]
    return json.dumps({"files": len(found), "bytes": sum(each["Size"] for each in found)}).encode()


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def clock_key():
    @task
    def broken(ds: str) -> None:
        s3 = boto3.client("s3")
        stamp = datetime.now(timezone.utc).strftime("%Y/%m/%d/%H%M%S")
        s3.put_object(Bucket="lake", Key=f"reports/{stamp}.json", Body=report(s3, ds))

    @task
    def mended(ds: str) -> None:
        s3 = boto3.client("s3")
        s3.put_object(Bucket="lake", Key=f"reports/{ds.replace('-', '/')}.json", Body=report(s3, ds))

    broken()
    mended()


clock_key()
