"""A resumable upload in chunks; a session that is left open expires by itself and costs nothing."""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import dag, task
from google.cloud import storage


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def chunked_upload_gcs():
    @task
    def export(ds: str) -> None:
        blob = storage.Client().bucket("warehouse").blob(f"exports/{ds}.csv", chunk_size=256 * 1024)
        with blob.open("w") as file:
            file.writelines(f"{ds},{number:09d},one row of an export\n" for number in range(20_000))

    export()


chunked_upload_gcs()
