"""Parts with fixed names and a manifest of their sorted names, written last."""

from __future__ import annotations

import json
from datetime import datetime

import boto3
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def manifest():
    @task
    def publish(ds: str) -> None:
        s3, names = boto3.client("s3"), []
        for each in s3.list_objects_v2(Bucket="raw", Prefix=f"clicks/{ds}/")["Contents"]:
            names.append(f"published/{ds}/{each['Key'].rpartition('/')[2]}")
            s3.copy_object(Bucket="lake", Key=names[-1], CopySource={"Bucket": "raw", "Key": each["Key"]})
        s3.put_object(Bucket="lake", Key=f"published/{ds}/manifest.json", Body=json.dumps(sorted(names)))

    publish()


manifest()
