"""The time of the load stands in a column and in the object's metadata."""

from __future__ import annotations

from datetime import datetime, timezone

import boto3
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def timestamps_in_content():
    @task
    def load(ds: str) -> None:
        s3 = boto3.client("s3")
        now = datetime.now(timezone.utc).isoformat()
        body = s3.get_object(Bucket="raw", Key=f"orders/{ds}/berlin.csv")["Body"].read().decode()
        header, *rows = body.splitlines()
        text = "\n".join([f"{header},loaded_at", *(f"{row},{now}" for row in rows)])
        s3.put_object(Bucket="lake", Key=f"orders/{ds}/berlin.csv", Body=text, Metadata={"loaded-at": now})

    load()


timestamps_in_content()
