"""A random id in two objects that belong together: of two attempts at once, each leaves one of the pair.

The twin takes the id from the interval, so that both attempts write the same.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime

import boto3
from airflow.sdk import dag, task

EXPECT = {"twice": None, "concurrent": "changed", "killed": None}


def export(batch: str, ds: str) -> None:
    s3 = boto3.client("s3")
    rows = s3.get_object(Bucket="raw", Key=f"orders/{ds}/berlin.csv")["Body"].read().decode().splitlines()[1:]
    lines = "".join(json.dumps({"batch": batch, "row": each}) + "\n" for each in rows)
    s3.put_object(Bucket="lake", Key=f"orders/{ds}.jsonl", Body=lines.encode())
    manifest = json.dumps({"batch": batch, "rows": len(rows)})
    s3.put_object(Bucket="lake", Key=f"orders/{ds}.manifest.json", Body=manifest.encode())


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def random_id_pair():
    @task
    def broken(ds: str) -> None:
        export(str(uuid.uuid4()), ds)

    @task
    def mended(ds: str) -> None:
        export(str(uuid.uuid5(uuid.NAMESPACE_URL, f"orders/{ds}")), ds)

    broken()
    mended()


random_id_pair()
