"""Two objects that must agree, on Cloud Storage: a data file and the index that readers go by.

The data file's presence stands for both; killed between the two, the index never learns of it. The twin writes the
index in any case.
"""

from __future__ import annotations

import json
from datetime import datetime

from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.sdk import dag, task

EXPECT = {"twice": None, "concurrent": None, "killed": "lost"}


def write_index(gcs: GCSHook, ds: str, data: bytes) -> None:
    index = {"file": f"clicks/{ds}.jsonl", "rows": data.count(b"\n"), "bytes": len(data)}
    gcs.upload("warehouse", f"index/{ds}.json", data=json.dumps(index), mime_type="application/json")


def clicks(gcs: GCSHook, ds: str) -> bytes:
    return b"".join(gcs.download("landing", name) for name in sorted(gcs.list("landing", prefix=f"clicks/{ds}/")))


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def torn_pair_index_gcs():
    @task
    def broken(ds: str) -> None:
        gcs = GCSHook()
        if gcs.exists("warehouse", f"clicks/{ds}.jsonl"):
            return
        data = clicks(gcs, ds)
        gcs.upload("warehouse", f"clicks/{ds}.jsonl", data=data)
        write_index(gcs, ds, data)

    @task
    def mended(ds: str) -> None:
        gcs = GCSHook()
        data = clicks(gcs, ds)
        gcs.upload("warehouse", f"clicks/{ds}.jsonl", data=data)
        write_index(gcs, ds, data)

    broken()
    mended()


torn_pair_index_gcs()
