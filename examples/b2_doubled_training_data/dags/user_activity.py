"""What people watched yesterday, as training data for the recommender."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.sdk import dag, task

EVENTS = "events"
TRAINING = "training"
ROWS_PER_FILE = 20


@dag(
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
    tags=["recommender"],
)
def user_activity():
    @task
    def write_training_data(ds: str) -> None:
        gcs = GCSHook()
        rows = list(plays(gcs, ds))
        for start in range(0, len(rows), ROWS_PER_FILE):
            part = "".join(json.dumps(row) + "\n" for row in rows[start : start + ROWS_PER_FILE])
            gcs.upload(TRAINING, f"user-activity/ds={ds}/part-{uuid.uuid4()}.jsonl", data=part)

    @task
    def write_statistics(ds: str) -> None:
        gcs = GCSHook()
        names = gcs.list(TRAINING, prefix=f"user-activity/ds={ds}/")
        rows = sum(gcs.download(TRAINING, name).count(b"\n") for name in names)
        statistics = {"ds": ds, "files": len(names), "rows": rows}
        gcs.upload(TRAINING, f"statistics/ds={ds}.json", data=json.dumps(statistics))

    write_training_data() >> write_statistics()


def plays(gcs: GCSHook, ds: str) -> Iterator[dict[str, Any]]:
    for name in sorted(gcs.list(EVENTS, prefix=f"ds={ds}/")):
        for line in gcs.download(EVENTS, name).decode().splitlines():
            event = json.loads(line)
            if event["action"] == "play" and event["seconds"] >= 30:
                yield {"user": event["user"], "programme": event["programme"], "seconds": event["seconds"]}


user_activity()
