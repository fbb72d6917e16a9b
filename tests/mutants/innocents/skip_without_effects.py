"""Nothing to do on this day of the week: skipped, each time."""

from __future__ import annotations

from datetime import datetime

from airflow.exceptions import AirflowSkipException
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def skip_without_effects():
    @task
    def weekly(logical_date: datetime) -> None:
        if logical_date.weekday() != 6:
            raise AirflowSkipException("runs on Sundays alone")

    weekly()


skip_without_effects()
