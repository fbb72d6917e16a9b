"""A multipart upload left open by boto3's own transfer: a file over the threshold, and a worker that dies in it.

The twin lists and aborts what lies open under its prefix before it starts.
"""

from __future__ import annotations

import tempfile
from datetime import datetime

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import dag, task
from boto3.s3.transfer import TransferConfig

EXPECT = {"twice": None, "concurrent": None, "killed": "leak"}

MEGABYTE = 1 << 20
CONFIG = TransferConfig(multipart_threshold=5 * MEGABYTE, multipart_chunksize=5 * MEGABYTE, use_threads=False)


def upload(hook: S3Hook, ds: str) -> None:
    with tempfile.TemporaryFile() as file:
        for number in range(110_000):
            file.write(b"%s,%07d,a row of an export that is large enough to go up in parts\n" % (ds.encode(), number))
        file.seek(0)
        hook.get_conn().upload_fileobj(file, "lake", f"exports/{ds}.csv", Config=CONFIG)


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def multipart_transfer_left_open():
    @task
    def broken(ds: str) -> None:
        upload(S3Hook(), ds)

    @task
    def mended(ds: str) -> None:
        hook = S3Hook()
        s3 = hook.get_conn()
        for each in s3.list_multipart_uploads(Bucket="lake", Prefix=f"exports/{ds}").get("Uploads", []):
            s3.abort_multipart_upload(Bucket="lake", Key=each["Key"], UploadId=each["UploadId"])
        upload(hook, ds)

    broken()
    mended()


multipart_transfer_left_open()
