"""Read all, write the sum, delete all in one call: that call may stop half way, and the retry sums up what is left.

The twin writes one object for each input, so that what is gone has been written.
"""

from __future__ import annotations

from datetime import datetime

import boto3
from airflow.sdk import dag, task

EXPECT = {"twice": None, "concurrent": None, "killed": "lost"}
INBOX = {"Bucket": "inbox", "Prefix": "invoices/"}


def names(s3) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(**INBOX).get("Contents", [])]


def body(s3, name: str) -> bytes:
    return s3.get_object(Bucket="inbox", Key=name)["Body"].read()


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def half_deleted_inbox():
    @task
    def broken(ds: str) -> None:
        s3 = boto3.client("s3")
        if not (found := names(s3)):
            return
        joined = b"\n".join(body(s3, each) for each in found)
        s3.put_object(Bucket="lake", Key=f"invoices/{ds}.jsonl", Body=joined)
        s3.delete_objects(Bucket="inbox", Delete={"Objects": [{"Key": each} for each in found]})

    @task
    def mended(ds: str) -> None:
        s3 = boto3.client("s3")
        found = names(s3)
        for each in found:
            try:
                s3.put_object(Bucket="lake", Key=f"{each}/{ds}.json", Body=body(s3, each))
            except s3.exceptions.NoSuchKey:
                continue  # another attempt has taken it, and wrote it before
        if found:
            s3.delete_objects(Bucket="inbox", Delete={"Objects": [{"Key": each} for each in found]})

    broken()
    mended()


half_deleted_inbox()
