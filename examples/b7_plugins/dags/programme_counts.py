"""How many programmes there were each day."""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import DAG
from datalab_plugin import CountProgrammesOperator

with DAG(
    "programme_counts",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={"retries": 2},
):
    CountProgrammesOperator(task_id="count", day="{{ ds }}")
