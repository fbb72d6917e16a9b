"""A correlation id inside the content, new at each run."""

from __future__ import annotations

import json
import uuid
from datetime import datetime

from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def uuid_in_json():
    @task
    def announce(ds: str) -> None:
        gcs = GCSHook()
        files = sorted(gcs.list("landing", prefix=f"orders/{ds}/"))
        message = {"id": str(uuid.uuid4()), "day": ds, "files": files}
        gcs.upload("warehouse", f"announcements/{ds}.json", data=json.dumps(message), mime_type="application/json")

    announce()


uuid_in_json()
