"""A uuid in a name, on Cloud Storage: an export is stored under a random name for the loader to pick up.

The loader picks up both after a second run. The twin derives the name from the run.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from airflow.sdk import dag, task
from google.cloud import storage

EXPECT = {"twice": "duplicate", "concurrent": "duplicate", "killed": "duplicate"}


def export(bucket, ds: str) -> str:
    names = sorted(blob.name for blob in bucket.client.list_blobs("landing", prefix=f"clicks/{ds}/"))
    return "".join(bucket.client.bucket("landing").blob(name).download_as_text() for name in names)


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def uuid_blob_gcs():
    @task
    def broken(ds: str) -> None:
        bucket = storage.Client().bucket("warehouse")
        bucket.blob(f"to_load/{uuid.uuid4().hex}.jsonl").upload_from_string(export(bucket, ds))

    @task
    def mended(ds: str) -> None:
        bucket = storage.Client().bucket("warehouse")
        bucket.blob(f"to_load/{ds}.jsonl").upload_from_string(export(bucket, ds))

    broken()
    mended()


uuid_blob_gcs()
