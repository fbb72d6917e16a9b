"""An overwrite that appends: compose an object from itself and what is new.

Each run makes the object longer. The twin composes the month from the days.
"""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import dag, task
from google.cloud import storage

EXPECT = {"twice": "duplicate", "concurrent": "duplicate", "killed": "duplicate"}


def day(client: storage.Client, ds: str) -> storage.Blob:
    names = sorted(blob.name for blob in client.list_blobs("landing", prefix=f"clicks/{ds}/"))
    rows = b"".join(client.bucket("landing").blob(name).download_as_bytes() for name in names)
    blob = client.bucket("warehouse").blob(f"clicks/days/{ds}.jsonl")
    blob.upload_from_string(rows)
    return blob


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def compose_onto_itself_gcs():
    @task
    def broken(ds: str) -> None:
        client = storage.Client()
        month = client.bucket("warehouse").blob(f"clicks/{ds[:7]}.jsonl")
        new = day(client, ds)
        month.compose([month, new] if month.exists() else [new])

    @task
    def mended(ds: str) -> None:
        client = storage.Client()
        day(client, ds)
        days = sorted(client.list_blobs("warehouse", prefix=f"clicks/days/{ds[:7]}"), key=lambda blob: blob.name)
        client.bucket("warehouse").blob(f"clicks/{ds[:7]}.jsonl").compose(days)

    broken()
    mended()


compose_onto_itself_gcs()
