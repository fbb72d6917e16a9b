"""A list in an Airflow Variable: the days that are ready for the month's close are appended.

A rerun lists its day twice, and the close counts its revenue twice. The twin keeps them as a set.
"""

from __future__ import annotations

from datetime import datetime

from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.sdk import Variable, dag, task

EXPECT = {"twice": "changed", "concurrent": "changed", "killed": "changed"}


def close_day(ds: str) -> None:
    gcs = GCSHook()
    rows = b"".join(gcs.download("landing", name) for name in sorted(gcs.list("landing", prefix=f"orders/{ds}/")))
    gcs.upload("warehouse", f"closed/{ds}.csv", data=rows)


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def variable_list():
    @task
    def broken(ds: str) -> None:
        close_day(ds)
        days = Variable.get("closed_days", [], deserialize_json=True)
        Variable.set("closed_days", [*days, ds], serialize_json=True)

    @task
    def mended(ds: str) -> None:
        close_day(ds)
        days = Variable.get("closed_days", [], deserialize_json=True)
        Variable.set("closed_days", sorted({*days, ds}), serialize_json=True)

    broken()
    mended()


variable_list()
