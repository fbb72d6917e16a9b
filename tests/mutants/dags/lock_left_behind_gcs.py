"""A lock object left behind, on Cloud Storage, made with a precondition as it should be, and never removed by the dead.

The twin needs no lock: the result is written under the condition that it was not there.
"""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import dag, task
from google.api_core.exceptions import PreconditionFailed
from google.cloud import storage

EXPECT = {"twice": None, "concurrent": "cannot-finish", "killed": "cannot-finish"}


def orders(client: storage.Client, ds: str) -> bytes:
    names = sorted(blob.name for blob in client.list_blobs("landing", prefix=f"orders/{ds}/"))
    return b"".join(client.bucket("landing").blob(name).download_as_bytes() for name in names)


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def lock_left_behind_gcs():
    @task
    def broken(ds: str) -> None:
        client = storage.Client()
        bucket = client.bucket("warehouse")
        lock = bucket.blob("locks/orders")
        lock.upload_from_string("locked", if_generation_match=0)
        bucket.blob(f"orders/{ds}.csv").upload_from_string(orders(client, ds))
        lock.delete()

    @task
    def mended(ds: str) -> None:
        client = storage.Client()
        target = client.bucket("warehouse").blob(f"orders/{ds}.csv")
        try:
            target.upload_from_string(orders(client, ds), if_generation_match=0)
        except PreconditionFailed:
            print(f"{target.name} is there already")

    broken()
    mended()


lock_left_behind_gcs()
