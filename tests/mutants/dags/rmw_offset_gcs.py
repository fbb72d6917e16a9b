"""Read, modify, write, on Cloud Storage: an offset into the click log moves on by a batch with each run.

A rerun takes the next batch instead of the same one. The twin keeps the offset that each run began with.
"""

from __future__ import annotations

import json
from datetime import datetime

from airflow.sdk import dag, task
from google.cloud import storage

EXPECT = {"twice": "duplicate", "concurrent": "duplicate", "killed": "duplicate"}

BATCH = 2


def read(bucket, name: str, default: str) -> str:
    blob = bucket.get_blob(name)
    return blob.download_as_text() if blob else default


def lines_of(client, ds: str) -> list[str]:
    names = sorted(blob.name for blob in client.list_blobs("landing", prefix=f"clicks/{ds}/"))
    return [line for name in names for line in client.bucket("landing").blob(name).download_as_text().splitlines()]


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def rmw_offset_gcs():
    @task
    def broken(ds: str) -> None:
        client = storage.Client()
        bucket = client.bucket("warehouse")
        offset = int(read(bucket, "state/offset", "0"))
        batch = lines_of(client, ds)[offset : offset + BATCH]
        bucket.blob(f"batches/{offset:06d}.jsonl").upload_from_string("\n".join(batch))
        bucket.blob("state/offset").upload_from_string(str(offset + BATCH))

    @task
    def mended(ds: str) -> None:
        client = storage.Client()
        bucket = client.bucket("warehouse")
        offsets = json.loads(read(bucket, "state/offsets.json", '{"next": 0}'))
        offset = offsets.get(ds, offsets["next"])
        batch = lines_of(client, ds)[offset : offset + BATCH]
        bucket.blob(f"batches/{offset:06d}.jsonl").upload_from_string("\n".join(batch))
        offsets.update({ds: offset, "next": max(offsets["next"], offset + BATCH)})
        bucket.blob("state/offsets.json").upload_from_string(json.dumps(offsets, sort_keys=True))

    broken()
    mended()


rmw_offset_gcs()
