"""Programme metadata: bring what was delivered to S3 into the snapshot on GCS that the recommender reads."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

DELIVERY = "programme-delivery"
METADATA = "programme-metadata"
SNAPSHOT = "snapshot/programmes.jsonl"


def refresh_snapshot(ts_nodash: str) -> None:
    delivery = S3Hook("delivery")
    s3 = delivery.get_conn()
    gcs = GCSHook()
    programmes = []
    for key in delivery.list_keys(DELIVERY, prefix="incoming/"):
        document = s3.get_object(Bucket=DELIVERY, Key=key)["Body"].read()
        gcs.upload(METADATA, f"delivered/{ts_nodash}/{key.rpartition('/')[2]}", data=document)
        s3.delete_object(Bucket=DELIVERY, Key=key)
        programme = json.loads(document)
        if is_available(programme):
            programmes.append(programme)
    snapshot = gcs.download(METADATA, SNAPSHOT).decode()
    for programme in programmes:
        snapshot += json.dumps(programme) + "\n"
    gcs.upload(METADATA, SNAPSHOT, data=snapshot)


def is_available(programme: dict[str, Any]) -> bool:
    return bool(programme["availability"]["uk"]) and programme["duration"] >= 60


with DAG(
    "programme_metadata",
    schedule="@hourly",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 1, "retry_delay": timedelta(minutes=5)},
    tags=["metadata"],
):
    PythonOperator(
        task_id="refresh_snapshot",
        python_callable=refresh_snapshot,
        execution_timeout=timedelta(hours=3),
    )
