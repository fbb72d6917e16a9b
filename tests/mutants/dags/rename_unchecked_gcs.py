"""A rename without a look at the source, on Cloud Storage: the landed file becomes the accepted file.

A rename is a copy and a deletion; after it the old name is gone. The twin copies under the condition that it must.
"""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import dag, task
from google.cloud import storage

EXPECT = {"twice": "cannot-finish", "concurrent": "cannot-finish", "killed": "cannot-finish"}


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def rename_unchecked_gcs():
    @task
    def broken(ds: str) -> None:
        bucket = storage.Client().bucket("landing")
        bucket.rename_blob(bucket.blob(f"orders/{ds}/leeds.csv"), f"accepted/{ds}/leeds.csv")

    @task
    def mended(ds: str) -> None:
        bucket = storage.Client().bucket("landing")
        landed = bucket.get_blob(f"orders/{ds}/leeds.csv")
        if landed is None and bucket.get_blob(f"accepted/{ds}/leeds.csv") is not None:
            return
        bucket.copy_blob(landed, bucket, f"accepted/{ds}/leeds.csv")
        bucket.delete_blobs([landed], on_error=lambda blob: None)

    broken()
    mended()


rename_unchecked_gcs()
