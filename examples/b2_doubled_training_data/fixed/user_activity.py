"""What people watched yesterday, as training data for the recommender."""

from __future__ import annotations

import json
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
        folder = f"user-activity/ds={ds}/"
        rows = list(plays(gcs, ds))
        written = set()
        for number, start in enumerate(range(0, len(rows), ROWS_PER_FILE)):
            part = "".join(json.dumps(row) + "\n" for row in rows[start : start + ROWS_PER_FILE])
            name = f"{folder}part-{number:05}.jsonl"
            gcs.upload(TRAINING, name, data=part)
            written.add(name)
        for name in gcs.list(TRAINING, prefix=folder):
            if name not in written:
                gcs.delete(TRAINING, name)

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
