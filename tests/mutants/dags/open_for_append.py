"""An overwrite that appends: s3fs opens an object with mode "ab", reads it and writes it back longer.

The twin opens an object of the day with mode "wb".
"""

from __future__ import annotations

from datetime import datetime

import s3fs
from airflow.sdk import dag, task

EXPECT = {"twice": "duplicate", "concurrent": "duplicate", "killed": "duplicate"}


def clicks(files: s3fs.S3FileSystem, ds: str) -> bytes:
    return b"".join(files.cat_file(path) for path in sorted(files.ls(f"raw/clicks/{ds}")))


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def open_for_append():
    @task
    def broken(ds: str) -> None:
        files = s3fs.S3FileSystem()
        with files.open("lake/clicks/all.jsonl", "ab") as log:
            log.write(clicks(files, ds))

    @task
    def mended(ds: str) -> None:
        files = s3fs.S3FileSystem()
        with files.open(f"lake/clicks/{ds}.jsonl", "wb") as log:
            log.write(clicks(files, ds))

    broken()
    mended()


open_for_append()
