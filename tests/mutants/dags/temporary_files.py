"""Temporary objects leaked: written under a random name, copied to their place, deleted by who lives to do it.

The twin puts the object to its place at once: one request is whole or not at all.
"""

from __future__ import annotations

import uuid
from datetime import datetime

import boto3
from airflow.sdk import dag, task

EXPECT = {"twice": None, "concurrent": None, "killed": "leak"}


def orders(s3, ds: str) -> bytes:
    found = s3.list_objects_v2(Bucket="raw", Prefix=f"orders/{ds}/")["Contents"]
    return b"".join(s3.get_object(Bucket="raw", Key=each["Key"])["Body"].read() for each in found)


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def temporary_files():
    @task
    def broken(ds: str) -> None:
        s3 = boto3.client("s3")
        temporary = f"tmp/{uuid.uuid4()}.csv"
        s3.put_object(Bucket="lake", Key=temporary, Body=orders(s3, ds))
        s3.copy_object(Bucket="lake", Key=f"orders/{ds}.csv", CopySource={"Bucket": "lake", "Key": temporary})
        s3.delete_object(Bucket="lake", Key=temporary)

    @task
    def mended(ds: str) -> None:
        s3 = boto3.client("s3")
        s3.put_object(Bucket="lake", Key=f"orders/{ds}.csv", Body=orders(s3, ds))

    broken()
    mended()


temporary_files()
