"""A skip that depends on the output: who finds the file raises AirflowSkipException.

The rerun's skip passes on to the tasks after it, which then do not run. The twin writes the file again.
"""

from __future__ import annotations

from datetime import datetime

from airflow.exceptions import AirflowSkipException
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import dag, task

EXPECT = {"twice": "changed", "concurrent": "changed", "killed": "changed"}


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def skip_when_done():
    @task
    def broken(ds: str) -> None:
        hook, target = S3Hook(), f"orders/{ds}/leeds.csv"
        if hook.check_for_key(target, "lake"):
            raise AirflowSkipException(f"{target} is there already")
        hook.load_string(hook.read_key(target, "raw"), target, "lake")

    @task
    def mended(ds: str) -> None:
        hook, target = S3Hook(), f"orders/{ds}/leeds.csv"
        hook.load_string(hook.read_key(target, "raw"), target, "lake", replace=True)

    @task
    def announce() -> None:
        """What comes after: it runs after a success, and is skipped after a skip."""

    broken() >> announce()
    mended()


skip_when_done()
