"""Lists a prefix and writes what it found under another one."""

from __future__ import annotations

import json
from datetime import datetime

from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def summary_of_listing():
    @task
    def summarize(ds: str) -> None:
        gcs = GCSHook()
        sizes = {name: gcs.get_size("landing", name) for name in gcs.list("landing", prefix=f"orders/{ds}/")}
        gcs.upload("warehouse", f"summaries/{ds}.json", data=json.dumps(sizes), mime_type="application/json")

    summarize()


summary_of_listing()
