"""List, then write the highest number plus one, on Cloud Storage: numbered batches for a loader.

The twin keeps in the batch's metadata which run it is of, and finds it again.
"""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import dag, task
from google.cloud import storage

EXPECT = {"twice": "duplicate", "concurrent": "duplicate", "killed": "duplicate"}


def batches(client: storage.Client) -> list[storage.Blob]:
    return sorted(client.list_blobs("warehouse", prefix="batches_in/"), key=lambda blob: blob.name)


def number(blob: storage.Blob) -> int:
    return int(blob.name.rpartition("-")[2].removesuffix(".txt"))


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def next_batch_gcs():
    @task
    def broken(ds: str) -> None:
        client = storage.Client()
        name = f"batches_in/batch-{number(batches(client)[-1]) + 1:04d}.txt"
        rows = client.bucket("landing").blob(f"orders/{ds}/berlin.csv").download_as_bytes()
        client.bucket("warehouse").blob(name).upload_from_string(rows)

    @task
    def mended(ds: str) -> None:
        client = storage.Client()
        rows = client.bucket("landing").blob(f"orders/{ds}/berlin.csv").download_as_bytes()
        there = batches(client)
        if any((blob.metadata or {}).get("run") == ds for blob in there):
            return
        batch = client.bucket("warehouse").blob(f"batches_in/batch-{number(there[-1]) + 1:04d}.txt")
        batch.metadata = {"run": ds}
        batch.upload_from_string(rows, if_generation_match=0)

    broken()
    mended()


next_batch_gcs()
