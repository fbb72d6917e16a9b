"""Check, then create without a condition: only who finds no partition adds it to the catalogue.

Two that look at the same time both add it; so does the retry of one killed in between. The twin's catalogue is a set.
"""

from __future__ import annotations

import json
from datetime import datetime

import boto3
from airflow.sdk import dag, task

EXPECT = {"twice": None, "concurrent": "duplicate", "killed": "duplicate"}

CATALOGUE = {"Bucket": "lake", "Key": "catalogue/partitions.jsonl"}


def read(s3) -> list[str]:
    if not s3.list_objects_v2(Bucket="lake", Prefix=CATALOGUE["Key"])["KeyCount"]:
        return []
    return s3.get_object(**CATALOGUE)["Body"].read().decode().splitlines()


def write_partition(s3, ds: str) -> None:
    source = {"Bucket": "raw", "Key": f"orders/{ds}/berlin.csv"}
    s3.copy_object(Bucket="lake", Key=f"orders/ds={ds}/berlin.csv", CopySource=source)


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def check_then_register():
    @task
    def broken(ds: str) -> None:
        s3 = boto3.client("s3")
        if s3.list_objects_v2(Bucket="lake", Prefix=f"orders/ds={ds}/")["KeyCount"]:
            return
        lines = [*read(s3), json.dumps({"partition": ds})]
        s3.put_object(**CATALOGUE, Body="\n".join(lines) + "\n")
        write_partition(s3, ds)

    @task
    def mended(ds: str) -> None:
        s3 = boto3.client("s3")
        write_partition(s3, ds)
        lines = {*read(s3), json.dumps({"partition": ds})}
        s3.put_object(**CATALOGUE, Body="\n".join(sorted(lines)) + "\n")

    broken()
    mended()


check_then_register()
