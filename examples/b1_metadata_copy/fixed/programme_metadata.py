"""Programme metadata: bring what was delivered to S3 into the snapshot on GCS that the recommender reads."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.sdk import dag, task

DELIVERY = "programme-delivery"
METADATA = "programme-metadata"
SNAPSHOT = "snapshot/programmes.jsonl"


@dag(
    schedule="@hourly",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={
        "retries": 3,
        "retry_delay": timedelta(minutes=5),
        "execution_timeout": timedelta(minutes=20),
    },
    tags=["metadata"],
)
def programme_metadata():
    @task
    def copy_programmes(ts_nodash: str) -> None:
        s3 = S3Hook("delivery").get_conn()
        gcs = GCSHook()
        there = copies(gcs, ts_nodash)
        for key, md5 in deliveries(s3).items():
            if there.get(file_name(key)) != md5:
                document = s3.get_object(Bucket=DELIVERY, Key=key)["Body"].read()
                gcs.upload(METADATA, f"delivered/{ts_nodash}/{file_name(key)}", data=document)

    @task
    def merge_into_snapshot(ts_nodash: str) -> None:
        gcs = GCSHook()
        snapshot = gcs.download(METADATA, SNAPSHOT).decode().splitlines()
        programmes = {each["pid"]: each for each in map(json.loads, snapshot)}
        for name in sorted(copies(gcs, ts_nodash)):
            programme = json.loads(gcs.download(METADATA, f"delivered/{ts_nodash}/{name}"))
            known = programmes.get(programme["pid"])
            if known is None or known["updated"] <= programme["updated"]:
                programmes[programme["pid"]] = programme
        lines = [json.dumps(each) + "\n" for _, each in sorted(programmes.items()) if is_available(each)]
        gcs.upload(METADATA, SNAPSHOT, data="".join(lines))

    @task
    def clear_delivery(ts_nodash: str) -> None:
        s3 = S3Hook("delivery").get_conn()
        there = copies(GCSHook(), ts_nodash)
        done = [{"Key": key} for key, md5 in deliveries(s3).items() if there.get(file_name(key)) == md5]
        for start in range(0, len(done), 1000):
            s3.delete_objects(Bucket=DELIVERY, Delete={"Objects": done[start : start + 1000]})

    copy_programmes() >> merge_into_snapshot() >> clear_delivery()


def deliveries(s3: Any) -> dict[str, str]:
    """Key and MD5 of each object that was delivered."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=DELIVERY, Prefix="incoming/")
    return {each["Key"]: each["ETag"].strip('"') for page in pages for each in page.get("Contents", [])}


def copies(gcs: GCSHook, run: str) -> dict[str, str]:
    """File name and MD5 of each copy that this run has made so far."""
    blobs = gcs.get_conn().list_blobs(METADATA, prefix=f"delivered/{run}/")
    return {file_name(blob.name): base64.b64decode(blob.md5_hash).hex() for blob in blobs}


def file_name(key: str) -> str:
    return key.rpartition("/")[2]


def is_available(programme: dict[str, Any]) -> bool:
    return bool(programme["availability"]["uk"]) and programme["duration"] >= 60


programme_metadata()
