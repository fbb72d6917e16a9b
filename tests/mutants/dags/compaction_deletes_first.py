"""Delete, then write: small files are read, deleted, and written as one.

Killed after the deletions nothing is left to read. The twin writes the large file elsewhere first, and deletes then.
"""

from __future__ import annotations

from datetime import datetime

from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.sdk import dag, task

EXPECT = {"twice": "torn", "concurrent": "torn", "killed": "lost"}


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def compaction_deletes_first():
    @task
    def broken(ds: str) -> None:
        gcs = GCSHook()
        names = sorted(gcs.list("landing", prefix=f"clicks/{ds}/"))
        rows = b"".join(gcs.download("landing", name) for name in names)
        for name in names:
            gcs.delete("landing", name)
        gcs.upload("warehouse", f"clicks/{ds}.jsonl", data=rows)

    @task
    def mended(ds: str) -> None:
        gcs = GCSHook()
        names = sorted(gcs.list("landing", prefix=f"clicks/{ds}/"))
        if not gcs.exists("warehouse", f"clicks/{ds}.jsonl"):
            rows = b"".join(gcs.download("landing", name) for name in names)
            gcs.upload("warehouse", f"clicks/{ds}.jsonl", data=rows)
        bucket = gcs.get_conn().bucket("landing")
        bucket.delete_blobs(names, on_error=lambda blob: None)

    broken()
    mended()


compaction_deletes_first()
