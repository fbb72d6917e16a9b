"""The marker too early, on Cloud Storage: written after the first of two tables.

Killed behind it, the second table is missing for ever. The twin writes the marker when both are there.
"""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import dag, task
from google.cloud import storage

EXPECT = {"twice": None, "concurrent": None, "killed": "lost"}

SHOPS = ("berlin", "leeds")


def copy(client: storage.Client, ds: str, shop: str) -> None:
    orders = client.bucket("landing").blob(f"orders/{ds}/{shop}.csv").download_as_bytes()
    client.bucket("warehouse").blob(f"{ds}/{shop}.csv").upload_from_string(orders, content_type="text/csv")


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def marker_between_gcs():
    @task
    def broken(ds: str) -> None:
        client = storage.Client()
        done = client.bucket("warehouse").blob(f"{ds}/done.json")
        if done.exists():
            return
        for shop in SHOPS:
            copy(client, ds, shop)
            done.upload_from_string('{"state": "complete"}', content_type="application/json")

    @task
    def mended(ds: str) -> None:
        client = storage.Client()
        done = client.bucket("warehouse").blob(f"{ds}/done.json")
        if done.exists():
            return
        for shop in SHOPS:
            copy(client, ds, shop)
        done.upload_from_string('{"state": "complete"}', content_type="application/json")

    broken()
    mended()


marker_between_gcs()
