"""Check, then create, with the stock operator: S3CreateObjectOperator looks whether the key is there.

By default it fails if so, on each retry. The twin says replace=True.
"""

from __future__ import annotations

from datetime import datetime

from airflow.providers.amazon.aws.operators.s3 import S3CreateObjectOperator
from airflow.sdk import DAG

EXPECT = {"twice": "cannot-finish", "concurrent": "cannot-finish", "killed": "cannot-finish"}

REQUEST = {"s3_bucket": "lake", "s3_key": "requests/{{ ds }}.json", "data": '{"report": "sales", "day": "{{ ds }}"}'}

with DAG("create_operator_no_replace", schedule=None, start_date=datetime(2024, 1, 1), default_args={"retries": 2}):
    S3CreateObjectOperator(task_id="broken", **REQUEST)
    S3CreateObjectOperator(task_id="mended", replace=True, **REQUEST)
