"""Skip if the folder exists, with ObjectStoragePath: any file in it stops the retry.

The twin writes each file anew.
"""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import ObjectStoragePath, dag, task

EXPECT = {"twice": None, "concurrent": None, "killed": "lost"}

RAW, LAKE = ObjectStoragePath("s3://aws_default@raw/clicks"), ObjectStoragePath("s3://aws_default@lake/clicks")


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def skip_if_folder_exists_path():
    @task
    def broken(ds: str) -> None:
        target = LAKE / ds
        if target.exists() and any(target.iterdir()):
            return
        for source in sorted((RAW / ds).iterdir(), key=str):
            (target / source.name).write_bytes(source.read_bytes())

    @task
    def mended(ds: str) -> None:
        target = LAKE / ds
        for source in sorted((RAW / ds).iterdir(), key=str):
            (target / source.name).write_bytes(source.read_bytes())

    broken()
    mended()


skip_if_folder_exists_path()
