"""An append-only log, declared as such in the configuration."""

from __future__ import annotations

import time
import uuid
from datetime import datetime

from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.sdk import dag, task

ALLOW = {"gs://logs/loads/*": "append-only log"}


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def declared_append_log():
    @task
    def load(ds: str) -> None:
        gcs = GCSHook()
        gcs.upload("warehouse", f"orders/{ds}.csv", data=gcs.download("landing", f"orders/{ds}/leeds.csv"))
        gcs.upload("logs", f"loads/{ds}/{uuid.uuid4()}.txt", data=f"loaded at {time.time()}")

    load()


declared_append_log()
