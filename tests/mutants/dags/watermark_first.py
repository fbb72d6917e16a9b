"""The marker before the data, as a watermark: moved on before the rows up to it are written.

Killed in between, the rows are behind the watermark and are never written. The twin moves it on last.
"""

from __future__ import annotations

import json
from datetime import datetime

import boto3
from airflow.sdk import dag, task

EXPECT = {"twice": None, "concurrent": None, "killed": "lost"}

MARK = {"Bucket": "lake", "Key": "state/clicks_watermark.json"}


def watermark(s3) -> int:
    if not s3.list_objects_v2(Bucket="lake", Prefix=MARK["Key"])["KeyCount"]:
        return -1
    return json.loads(s3.get_object(**MARK)["Body"].read())["at"]


def new_clicks(s3, ds: str, since: int) -> list[dict]:
    found = s3.list_objects_v2(Bucket="raw", Prefix=f"clicks/{ds}/")["Contents"]
    bodies = [s3.get_object(Bucket="raw", Key=each["Key"])["Body"].read() for each in found]
    clicks = [json.loads(line) for body in bodies for line in body.splitlines()]
    return [each for each in clicks if each["at"] > since]


def write(s3, clicks: list[dict]) -> None:
    first, last = clicks[0]["at"], clicks[-1]["at"]
    body = "".join(json.dumps(each) + "\n" for each in clicks)
    s3.put_object(Bucket="lake", Key=f"clicks/{first}-{last}.jsonl", Body=body)


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def watermark_first():
    @task
    def broken(ds: str) -> None:
        s3 = boto3.client("s3")
        if clicks := new_clicks(s3, ds, watermark(s3)):
            s3.put_object(**MARK, Body=json.dumps({"at": clicks[-1]["at"]}))
            write(s3, clicks)

    @task
    def mended(ds: str) -> None:
        s3 = boto3.client("s3")
        if clicks := new_clicks(s3, ds, watermark(s3)):
            write(s3, clicks)
            s3.put_object(**MARK, Body=json.dumps({"at": clicks[-1]["at"]}))

    broken()
    mended()


watermark_first()
