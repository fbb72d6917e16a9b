"""A transfer in parts and threads, after a look for what an earlier try left open."""

from __future__ import annotations

import io
from datetime import datetime

import boto3
from airflow.sdk import dag, task
from boto3.s3.transfer import TransferConfig

MEGABYTE = 1 << 20
CONFIG = TransferConfig(multipart_threshold=5 * MEGABYTE, multipart_chunksize=5 * MEGABYTE, max_concurrency=3)


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def threaded_multipart():
    @task
    def export(ds: str) -> None:
        s3 = boto3.client("s3")
        for each in s3.list_multipart_uploads(Bucket="lake", Prefix=f"exports/{ds}").get("Uploads", []):
            s3.abort_multipart_upload(Bucket="lake", Key=each["Key"], UploadId=each["UploadId"])
        rows = b"".join(b"%s,%09d,one row of an export\n" % (ds.encode(), number) for number in range(290_000))
        s3.upload_fileobj(io.BytesIO(rows), "lake", f"exports/{ds}.csv", Config=CONFIG)

    export()


threaded_multipart()
