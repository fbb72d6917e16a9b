"""Check, then create without a precondition, on Cloud Storage: a customer number is drawn for who has none.

Two that look at the same time draw two numbers. The twin creates the record under the condition that there is none,
and the record says which number it is.
"""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import dag, task
from google.cloud import storage

EXPECT = {"twice": None, "concurrent": "changed", "killed": "changed"}


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def check_then_number_gcs():
    @task
    def broken() -> None:
        bucket = storage.Client().bucket("warehouse")
        record, last = bucket.blob("customers/c9.txt"), bucket.blob("customers/last_number")
        if record.exists():
            return
        number = int(last.download_as_text()) + 1 if last.exists() else 1
        last.upload_from_string(str(number))
        record.upload_from_string(f"customer {number}")

    @task
    def mended() -> None:
        client = storage.Client()
        number = 1 + len(list(client.list_blobs("warehouse", prefix="customers/numbered/")))
        record = client.bucket("warehouse").blob(f"customers/numbered/{number}")
        taken = [blob.download_as_text() for blob in client.list_blobs("warehouse", prefix="customers/numbered/")]
        if "c9" not in taken:
            record.upload_from_string("c9", if_generation_match=0)

    broken()
    mended()


check_then_number_gcs()
