"""The sales report, built by a Glue job of which one run at a time is allowed. As it broke."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.sdk import DAG

with DAG(
    "sales_report",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={"retries": 2},
):
    GlueJobOperator(
        task_id="build_report",
        job_name="build-sales-report",
        script_args={"--day": "{{ ds }}"},
        wait_for_completion=True,
        # as all operators did before Airflow 3.3: the retry knows nothing of the run that its first try has started
        durable=False,
    )
