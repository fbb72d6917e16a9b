"""Delete, then write: each invoice is taken out of the inbox before it is put into the archive.

Killed in between, the invoice is nowhere. The twin writes first and deletes when the copy is safe.
"""

from __future__ import annotations

from datetime import datetime

import boto3
from airflow.sdk import dag, task

EXPECT = {"twice": None, "concurrent": None, "killed": "lost"}


def waiting(s3) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket="inbox", Prefix="invoices/").get("Contents", [])]


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def delete_then_write():
    @task
    def broken(ds: str) -> None:
        s3 = boto3.client("s3")
        for key in waiting(s3):
            invoice = s3.get_object(Bucket="inbox", Key=key)["Body"].read()
            s3.delete_object(Bucket="inbox", Key=key)
            s3.put_object(Bucket="archive", Key=f"{ds}/{key}", Body=invoice)

    @task
    def mended(ds: str) -> None:
        s3 = boto3.client("s3")
        for key in waiting(s3):
            invoice = s3.get_object(Bucket="inbox", Key=key)["Body"].read()
            s3.put_object(Bucket="archive", Key=f"{ds}/{key}", Body=invoice)
            s3.delete_object(Bucket="inbox", Key=key)

    broken()
    mended()


delete_then_write()
