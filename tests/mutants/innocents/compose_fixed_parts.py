"""Composes a fixed name from parts with fixed names, which stay."""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import dag, task
from google.cloud import storage


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def compose_fixed_parts():
    @task
    def combine(ds: str) -> None:
        client = storage.Client()
        bucket, parts = client.bucket("warehouse"), []
        for source in sorted(client.list_blobs("landing", prefix=f"clicks/{ds}/"), key=lambda blob: blob.name):
            parts.append(bucket.blob(f"parts/{ds}/{source.name.rpartition('/')[2]}"))
            parts[-1].upload_from_string(source.download_as_bytes())
        bucket.blob(f"clicks/{ds}.jsonl").compose(parts)

    combine()


compose_fixed_parts()
