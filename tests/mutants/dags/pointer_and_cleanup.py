"""Stale overwrite of a pointer: publish a version, point to it, remove all others.

A worker that wakes up late points to its own version, which the retry has removed, and removes the retry's. The twin
gives both tries the same version.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime

import boto3
from airflow.sdk import dag, task

EXPECT = {"twice": None, "concurrent": "lost", "killed": None}


def publish(s3, ds: str, version: str) -> None:
    found = s3.list_objects_v2(Bucket="raw", Prefix=f"clicks/{ds}/")["Contents"]
    rows = b"".join(s3.get_object(Bucket="raw", Key=each["Key"])["Body"].read() for each in found)
    target = f"sessions/version={version}/clicks.jsonl"
    s3.put_object(Bucket="lake", Key=target, Body=rows)
    s3.put_object(Bucket="lake", Key="current/sessions.json", Body=json.dumps({"data": target}))
    for each in s3.list_objects_v2(Bucket="lake", Prefix="sessions/").get("Contents", []):
        if each["Key"] != target:
            s3.delete_object(Bucket="lake", Key=each["Key"])


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def pointer_and_cleanup():
    @task
    def broken(ds: str) -> None:
        publish(boto3.client("s3"), ds, uuid.uuid4().hex)

    @task
    def mended(ds: str) -> None:
        publish(boto3.client("s3"), ds, ds)

    broken()
    mended()


pointer_and_cleanup()
