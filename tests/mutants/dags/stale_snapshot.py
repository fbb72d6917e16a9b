"""Stale overwrite: changes are merged into a snapshot that was read before, and then deleted.

A frozen worker that read the old snapshot finds no changes when it wakes, and writes the old snapshot back. The twin
writes only over what it has read.
"""

from __future__ import annotations

import json
from datetime import datetime

import boto3
from airflow.sdk import dag, task

EXPECT = {"twice": None, "concurrent": "changed", "killed": None}

CURRENT = {"Bucket": "lake", "Key": "customers/current.json"}


def changes(s3) -> list[str]:
    found = s3.list_objects_v2(Bucket="lake", Prefix="customers/changes/").get("Contents", [])
    return [each["Key"] for each in found]


def merge(s3, customers: dict, keys: list[str]) -> str:
    for key in keys:
        customers.update(json.loads(s3.get_object(Bucket="lake", Key=key)["Body"].read()))
    return json.dumps(customers, sort_keys=True)


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def stale_snapshot():
    @task
    def broken() -> None:
        s3 = boto3.client("s3")
        customers = json.loads(s3.get_object(**CURRENT)["Body"].read())
        keys = changes(s3)
        s3.put_object(**CURRENT, Body=merge(s3, customers, keys))
        for key in keys:
            s3.delete_object(Bucket="lake", Key=key)

    @task
    def mended() -> None:
        s3 = boto3.client("s3")
        current = s3.get_object(**CURRENT)
        customers = json.loads(current["Body"].read())
        keys = changes(s3)
        s3.put_object(**CURRENT, Body=merge(s3, customers, keys), IfMatch=current["ETag"])
        for key in keys:
            s3.delete_object(Bucket="lake", Key=key)

    broken()
    mended()


stale_snapshot()
