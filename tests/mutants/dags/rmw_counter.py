"""Read, modify, write: a small JSON object counts what was loaded so far.

A second run counts the same rows again. The twin keeps a figure for each day and derives the total.
"""

from __future__ import annotations

import json
from datetime import datetime

import boto3
from airflow.sdk import dag, task

EXPECT = {"twice": "changed", "concurrent": "changed", "killed": "changed"}

STATE = {"Bucket": "lake", "Key": "state/loaded.json"}


def rows_of(s3, ds: str) -> int:
    found = s3.list_objects_v2(Bucket="raw", Prefix=f"orders/{ds}/")["Contents"]
    bodies = [s3.get_object(Bucket="raw", Key=each["Key"])["Body"].read() for each in found]
    return sum(body.count(b"\n") - 1 for body in bodies)


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def rmw_counter():
    @task
    def broken(ds: str) -> None:
        s3 = boto3.client("s3")
        state = json.loads(s3.get_object(**STATE)["Body"].read())
        state["rows"] += rows_of(s3, ds)
        state["files"] += 1
        s3.put_object(**STATE, Body=json.dumps(state))

    @task
    def mended(ds: str) -> None:
        s3 = boto3.client("s3")
        state = json.loads(s3.get_object(**STATE)["Body"].read())
        days = state.setdefault("days", {"before": state["rows"]})
        days[ds] = rows_of(s3, ds)
        state["rows"] = sum(days.values())
        s3.put_object(**STATE, Body=json.dumps(state, sort_keys=True))

    broken()
    mended()


rmw_counter()
