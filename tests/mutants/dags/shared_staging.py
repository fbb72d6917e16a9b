"""A shared staging prefix: whatever lies in it is merged, whoever put it there.

What a killed try staged is merged by its retry as well. The twin stages under names that a retry overwrites, merges
those alone, and removes them whatever happens.
"""

from __future__ import annotations

import uuid
from datetime import datetime

import boto3
from airflow.sdk import dag, task

EXPECT = {"twice": None, "concurrent": "duplicate", "killed": "duplicate"}


def keys(s3, bucket: str, prefix: str) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]


def merge(s3, staged: list[str], target: str) -> None:
    bodies = [s3.get_object(Bucket="lake", Key=key)["Body"].read().decode() for key in staged]
    rows = sorted(row for body in bodies for row in body.splitlines()[1:])
    s3.put_object(Bucket="lake", Key=target, Body="\n".join(["order_id,item,quantity,price", *rows]) + "\n")


def remove(s3, staged: list[str]) -> None:
    for key in staged:
        s3.delete_object(Bucket="lake", Key=key)


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def shared_staging():
    @task
    def broken(ds: str) -> None:
        s3 = boto3.client("s3")
        for key in keys(s3, "raw", f"orders/{ds}/"):
            source = {"Bucket": "raw", "Key": key}
            s3.copy_object(Bucket="lake", Key=f"staging/{uuid.uuid4()}.csv", CopySource=source)
        staged = keys(s3, "lake", "staging/")
        merge(s3, staged, f"orders/{ds}.csv")
        remove(s3, staged)

    @task
    def mended(ds: str) -> None:
        s3 = boto3.client("s3")
        sources = keys(s3, "raw", f"orders/{ds}/")
        staged = [f"staging/{ds}/{key.rpartition('/')[2]}" for key in sources]
        try:
            for source, target in zip(sources, staged, strict=True):
                s3.copy_object(Bucket="lake", Key=target, CopySource={"Bucket": "raw", "Key": source})
            merge(s3, staged, f"orders/{ds}.csv")
        finally:
            remove(s3, staged)

    broken()
    mended()


shared_staging()
