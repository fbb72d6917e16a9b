"""ObjectStoragePath: reads, counts, and writes text under a fixed name."""

from __future__ import annotations

import json
from datetime import datetime

from airflow.sdk import ObjectStoragePath, dag, task

RAW, LAKE = ObjectStoragePath("s3://aws_default@raw/clicks"), ObjectStoragePath("s3://aws_default@lake/counts")


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def object_storage_path():
    @task
    def count(ds: str) -> None:
        files = sorted((RAW / ds).iterdir(), key=str)
        counts = {file.name: len(file.read_text().splitlines()) for file in files}
        (LAKE / f"{ds}.json").write_text(json.dumps(counts))

    count()


object_storage_path()
