"""Skip if there is something under the prefix: the first part counts as the whole partition.

Killed between two parts, the retry takes the partition for complete. The twin skips part by part.
"""

from __future__ import annotations

from datetime import datetime

import boto3
from airflow.sdk import dag, task

EXPECT = {"twice": None, "concurrent": None, "killed": "lost"}


def keys(s3, bucket: str, prefix: str) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def skip_if_prefix_exists():
    @task
    def broken(ds: str) -> None:
        s3 = boto3.client("s3")
        if keys(s3, "lake", f"orders/ds={ds}/"):
            return
        for key in keys(s3, "raw", f"orders/{ds}/"):
            orders = s3.get_object(Bucket="raw", Key=key)["Body"].read()
            s3.put_object(Bucket="lake", Key=f"orders/ds={ds}/{key.rpartition('/')[2]}", Body=orders)

    @task
    def mended(ds: str) -> None:
        s3 = boto3.client("s3")
        there = keys(s3, "lake", f"orders/ds={ds}/")
        for key in keys(s3, "raw", f"orders/{ds}/"):
            target = f"orders/ds={ds}/{key.rpartition('/')[2]}"
            if target not in there:
                orders = s3.get_object(Bucket="raw", Key=key)["Body"].read()
                s3.put_object(Bucket="lake", Key=target, Body=orders)

    broken()
    mended()


skip_if_prefix_exists()
