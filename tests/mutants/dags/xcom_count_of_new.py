"""An XCom that counts what was new: files that an earlier try copied are not counted by its retry.

The check after it compares the count with the source and raises an alarm. The twin counts what is there.
"""

from __future__ import annotations

from datetime import datetime

import boto3
from airflow.sdk import dag, task

EXPECT = {"twice": "changed", "concurrent": "changed", "killed": "changed"}


def keys(s3, bucket: str, prefix: str) -> set[str]:
    return {each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])}


def copy(s3, wanted: set[str]) -> None:
    for key in sorted(wanted):
        s3.copy_object(Bucket="lake", Key=key, CopySource={"Bucket": "raw", "Key": key})


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def xcom_count_of_new():
    @task
    def broken(ds: str) -> int:
        s3 = boto3.client("s3")
        new = keys(s3, "raw", f"clicks/{ds}/") - keys(s3, "lake", f"clicks/{ds}/")
        copy(s3, new)
        return len(new)

    @task
    def mended(ds: str) -> int:
        s3 = boto3.client("s3")
        wanted = keys(s3, "raw", f"clicks/{ds}/")
        copy(s3, wanted - keys(s3, "lake", f"clicks/{ds}/"))
        return len(wanted)

    @task
    def tell(what: object) -> None:
        print(what)

    tell(broken())
    tell(mended())


xcom_count_of_new()
