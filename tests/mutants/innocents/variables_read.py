"""Settings come from Variables, which it only reads."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.sdk import Variable, dag, task


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def variables_read():
    @task
    def load(ds: str) -> None:
        gcs = GCSHook()
        for region in Variable.get("regions", deserialize_json=True):
            rows = gcs.download("landing", f"orders/{ds}/{region}.csv")
            gcs.upload("warehouse", f"{region}/{ds}.csv", data=rows)

    load()


variables_read()
