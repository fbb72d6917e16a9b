"""A shared staging prefix, on Cloud Storage: compose whatever lies under it.

The twin composes the parts that it wrote, by name, and keeps them: they are the day's and no other's.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from airflow.sdk import dag, task
from google.cloud import storage

EXPECT = {"twice": None, "concurrent": "duplicate", "killed": "duplicate"}


def stage(client: storage.Client, ds: str, fixed: bool) -> list[storage.Blob]:
    staged = []
    for source in sorted(client.list_blobs("landing", prefix=f"clicks/{ds}/"), key=lambda blob: blob.name):
        name = f"parts/{ds}/{source.name.rpartition('/')[2]}" if fixed else f"staging/{uuid.uuid4().hex}"
        staged.append(client.bucket("warehouse").blob(name))
        staged[-1].upload_from_string(source.download_as_bytes())
    return staged


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def shared_staging_gcs():
    @task
    def broken(ds: str) -> None:
        client = storage.Client()
        stage(client, ds, fixed=False)
        parts = list(client.list_blobs("warehouse", prefix="staging/"))
        client.bucket("warehouse").blob(f"clicks/{ds}.jsonl").compose(parts)
        client.bucket("warehouse").delete_blobs(parts, on_error=lambda blob: None)

    @task
    def mended(ds: str) -> None:
        client = storage.Client()
        client.bucket("warehouse").blob(f"clicks/{ds}.jsonl").compose(stage(client, ds, fixed=True))

    broken()
    mended()


shared_staging_gcs()
