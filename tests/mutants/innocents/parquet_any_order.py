"""Parquet whose rows come in another order at each run."""

from __future__ import annotations

import random
from datetime import datetime

import pyarrow.csv
import pyarrow.parquet
import s3fs
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def parquet_any_order():
    @task
    def convert(ds: str) -> None:
        files = s3fs.S3FileSystem()
        with files.open(f"raw/orders/{ds}/berlin.csv") as file:
            table = pyarrow.csv.read_csv(file)
        order = random.sample(range(table.num_rows), table.num_rows)
        pyarrow.parquet.write_table(table.take(order), f"lake/orders/{ds}.parquet", filesystem=files)

    convert()


parquet_any_order()
