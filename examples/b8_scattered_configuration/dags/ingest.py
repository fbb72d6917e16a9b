"""What came in today, counted."""

from __future__ import annotations

import os
from datetime import datetime

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import dag, task

EVENTS = "s3://datalab-prod-events"
REGION = os.environ["DATALAB_REGION"]


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def ingest():
    @task
    def run(ds: str) -> None:
        s3 = S3Hook(region_name=REGION)
        bucket = EVENTS.removeprefix("s3://")
        rows = s3.read_key(f"{ds}/plays.csv", bucket).splitlines()[1:]
        s3.load_string(f"{len(rows)}\n", f"{ds}/count.txt", bucket, replace=True)

    run()


ingest()
