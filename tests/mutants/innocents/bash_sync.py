"""aws s3 sync brings a prefix up to date."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import dag


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def bash_sync():
    BashOperator(
        task_id="sync",
        bash_command="aws s3 sync s3://raw/clicks/{{ ds }} s3://lake/clicks/{{ ds }} --only-show-errors",
        do_xcom_push=False,
    )


bash_sync()
