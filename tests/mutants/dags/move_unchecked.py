"""A move without a look at the source: the delivery is copied to its place and deleted.

After a finished run there is nothing to copy, and the task can never succeed again. The twin knows a finished move.
"""

from __future__ import annotations

from datetime import datetime

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import dag, task

EXPECT = {"twice": "cannot-finish", "concurrent": "cannot-finish", "killed": "cannot-finish"}

SOURCE, TARGET = "invoices/17.json", "invoices/2024/17.json"


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def move_unchecked():
    @task
    def broken() -> None:
        hook = S3Hook()
        hook.copy_object(SOURCE, TARGET, source_bucket_name="inbox", dest_bucket_name="archive")
        hook.delete_objects("inbox", SOURCE)

    @task
    def mended() -> None:
        hook = S3Hook()
        if hook.check_for_key(SOURCE, "inbox"):
            hook.copy_object(SOURCE, TARGET, source_bucket_name="inbox", dest_bucket_name="archive")
            hook.delete_objects("inbox", SOURCE)
        elif not hook.check_for_key(TARGET, "archive"):
            raise FileNotFoundError(f"{SOURCE} was not delivered")

    broken()
    mended()


move_unchecked()
