"""A multipart upload left open: parts are paid for and seen by nobody until the upload is completed or aborted.

The twin aborts what an earlier try began for the same key.
"""

from __future__ import annotations

from datetime import datetime

import boto3
from airflow.sdk import dag, task

EXPECT = {"twice": None, "concurrent": None, "killed": "leak"}


def assemble(s3, ds: str) -> None:
    target = {"Bucket": "lake", "Key": f"orders/{ds}.csv"}
    upload = {**target, "UploadId": s3.create_multipart_upload(**target)["UploadId"]}
    found = s3.list_objects_v2(Bucket="raw", Prefix=f"orders/{ds}/")["Contents"]
    rows = b"".join(s3.get_object(Bucket="raw", Key=each["Key"])["Body"].read() for each in found)
    part = s3.upload_part(**upload, PartNumber=1, Body=rows)
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]})


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def multipart_left_open():
    @task
    def broken(ds: str) -> None:
        assemble(boto3.client("s3"), ds)

    @task
    def mended(ds: str) -> None:
        s3 = boto3.client("s3")
        for each in s3.list_multipart_uploads(Bucket="lake", Prefix=f"orders/{ds}.csv").get("Uploads", []):
            s3.abort_multipart_upload(Bucket="lake", Key=each["Key"], UploadId=each["UploadId"])
        assemble(s3, ds)

    broken()
    mended()


multipart_left_open()
