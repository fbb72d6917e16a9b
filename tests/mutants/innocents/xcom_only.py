"""Values go from task to task as XComs, a time among them."""

from __future__ import annotations

from datetime import datetime, timezone

import boto3
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def xcom_only():
    @task
    def find(ds: str) -> dict:
        found = boto3.client("s3").list_objects_v2(Bucket="raw", Prefix=f"orders/{ds}/")["Contents"]
        return {"keys": sorted(each["Key"] for each in found), "seen_at": datetime.now(timezone.utc).isoformat()}

    @task
    def count(found: dict) -> int:
        return len(found["keys"])

    count(find())


xcom_only()
