"""Stale overwrite, on Cloud Storage: read the snapshot, take in the changes, write the snapshot, remove the changes.

A worker that slept in between writes what it read long ago. The twin names the generation that it read.
"""

from __future__ import annotations

import json
from datetime import datetime

from airflow.sdk import dag, task
from google.cloud import storage

EXPECT = {"twice": None, "concurrent": "changed", "killed": None}


def merged(bucket, customers: dict) -> tuple[str, list]:
    blobs = sorted(bucket.client.list_blobs(bucket, prefix="customers/changes/"), key=lambda blob: blob.name)
    for blob in blobs:
        customers.update(json.loads(blob.download_as_bytes()))
    return json.dumps(customers, sort_keys=True), blobs


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def stale_snapshot_gcs():
    @task
    def broken() -> None:
        bucket = storage.Client().bucket("warehouse")
        snapshot = bucket.blob("customers/current.json")
        content, blobs = merged(bucket, json.loads(snapshot.download_as_bytes()))
        snapshot.upload_from_string(content, content_type="application/json")
        bucket.delete_blobs(blobs, on_error=lambda blob: None)

    @task
    def mended() -> None:
        bucket = storage.Client().bucket("warehouse")
        snapshot = bucket.get_blob("customers/current.json")
        read = snapshot.generation
        content, blobs = merged(bucket, json.loads(snapshot.download_as_bytes(if_generation_match=read)))
        snapshot.upload_from_string(content, content_type="application/json", if_generation_match=read)
        bucket.delete_blobs(blobs, on_error=lambda blob: None)

    broken()
    mended()


stale_snapshot_gcs()
