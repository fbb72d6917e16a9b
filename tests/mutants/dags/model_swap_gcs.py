"""Move without a look, as it happened at the BBC: remove the target, move the source to it.

The second one to do so removes the target and finds no source: the model is gone. The twin overwrites the target,
and only if there is something to overwrite it with.
"""

from __future__ import annotations

from datetime import datetime

from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.sdk import dag, task

EXPECT = {"twice": "lost", "concurrent": "lost", "killed": "lost"}

LIVE, CANDIDATE = "live/ranker.bin", "candidate/ranker.bin"


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def model_swap_gcs():
    @task
    def broken() -> None:
        gcs = GCSHook()
        if gcs.exists("models", LIVE):
            gcs.delete("models", LIVE)
        gcs.copy("models", CANDIDATE, "models", LIVE)
        gcs.delete("models", CANDIDATE)

    @task
    def mended() -> None:
        gcs = GCSHook()
        if gcs.exists("models", CANDIDATE):
            gcs.copy("models", CANDIDATE, "models", LIVE)
            gcs.delete("models", CANDIDATE)

    broken()
    mended()


model_swap_gcs()
