"""What came in today, counted."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import Variable, dag, task


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def ingest():
    @task
    def run(ds: str) -> None:
        datalab = Variable.get("datalab", deserialize_json=True)
        s3 = S3Hook(region_name=datalab["region"])
        rows = s3.read_key(f"{ds}/plays.csv", datalab["events"]).splitlines()[1:]
        s3.load_string(f"{len(rows)}\n", f"{ds}/count.txt", datalab["events"], replace=True)

    run()


ingest()
