"""A move without a look at the source, in a shell: aws s3 mv.

A retry of a finished move fails, as there is nothing to move. The twin copies. Starting aws takes a second or more.
"""

from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

EXPECT = {"twice": "cannot-finish", "concurrent": "cannot-finish", "killed": "cannot-finish"}
BUDGET = 60.0

with DAG("bash_move", schedule="@daily", start_date=datetime(2024, 1, 1), default_args={"retries": 2}):
    BashOperator(
        task_id="broken",
        bash_command="aws s3 mv s3://inbox/invoices/18.json s3://archive/{{ ds }}/18.json",
        do_xcom_push=False,
    )
    BashOperator(
        task_id="mended",
        bash_command="aws s3 cp s3://inbox/invoices/18.json s3://archive/{{ ds }}/18.json",
        do_xcom_push=False,
    )
