"""An XCom that depends on what an earlier try left: the path is returned only by who writes the file.

The retry returns nothing, and the task after it has no path to read. The twin returns the path in any case.
"""

from __future__ import annotations

from datetime import datetime

from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.sdk import dag, task

EXPECT = {"twice": "lost", "concurrent": "lost", "killed": "lost"}


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def xcom_only_when_new():
    @task
    def broken(ds: str) -> str | None:
        gcs, name = GCSHook(), f"orders/{ds}/leeds.csv"
        if gcs.exists("warehouse", name):
            return None
        gcs.upload("warehouse", name, data=gcs.download("landing", name))
        return f"gs://warehouse/{name}"

    @task
    def mended(ds: str) -> str:
        gcs, name = GCSHook(), f"orders/{ds}/leeds.csv"
        if not gcs.exists("warehouse", name):
            gcs.upload("warehouse", name, data=gcs.download("landing", name))
        return f"gs://warehouse/{name}"

    @task
    def tell(what: object) -> None:
        print(what)

    tell(broken())
    tell(mended())


xcom_only_when_new()
