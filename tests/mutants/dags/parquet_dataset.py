"""A uuid in a key, by a library: pyarrow's write_to_dataset gives each file a random name.

A rerun adds a second file to each partition. The twin gives the files a fixed name and overwrites them.
"""

from __future__ import annotations

from datetime import datetime

import pyarrow.csv
import pyarrow.parquet
import s3fs
from airflow.sdk import dag, task

EXPECT = {"twice": "duplicate", "concurrent": "duplicate", "killed": "duplicate"}


def orders(files: s3fs.S3FileSystem, ds: str) -> pyarrow.Table:
    with files.open(f"raw/orders/{ds}/leeds.csv") as file:
        return pyarrow.csv.read_csv(file)


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def parquet_dataset():
    @task
    def broken(ds: str) -> None:
        files = s3fs.S3FileSystem()
        pyarrow.parquet.write_to_dataset(orders(files, ds), f"lake/orders/ds={ds}", filesystem=files)

    @task
    def mended(ds: str) -> None:
        files = s3fs.S3FileSystem()
        pyarrow.parquet.write_table(orders(files, ds), f"lake/orders/ds={ds}/leeds.parquet", filesystem=files)

    broken()
    mended()


parquet_dataset()
