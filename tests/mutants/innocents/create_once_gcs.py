"""ifGenerationMatch=0: created once, and a 412 means that it is done."""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import dag, task
from google.api_core.exceptions import PreconditionFailed
from google.cloud import storage


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def create_once_gcs():
    @task
    def freeze(ds: str) -> None:
        client = storage.Client()
        target = client.bucket("warehouse").blob(f"frozen/{ds}.csv")
        try:
            target.upload_from_string(
                client.bucket("landing").blob(f"orders/{ds}/leeds.csv").download_as_bytes(), if_generation_match=0
            )
        except PreconditionFailed:
            print("it is frozen already")

    freeze()


create_once_gcs()
