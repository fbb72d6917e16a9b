"""The clock in a key, in a template: {{ macros.datetime.now() }} is another text at each try.

Each run leaves one more copy. The twin's template uses the interval.
"""

from __future__ import annotations

from datetime import datetime

from airflow.providers.amazon.aws.operators.s3 import S3CopyObjectOperator
from airflow.sdk import DAG

EXPECT = {"twice": "duplicate", "concurrent": "duplicate", "killed": "duplicate"}

SOURCE = {"source_bucket_name": "raw", "source_bucket_key": "orders/{{ ds }}/berlin.csv", "dest_bucket_name": "lake"}

with DAG("templated_key", schedule="@daily", start_date=datetime(2024, 1, 1), default_args={"retries": 2}):
    S3CopyObjectOperator(
        task_id="broken", dest_bucket_key="copies/{{ macros.datetime.now().strftime('%Y%m%dT%H%M%S') }}.csv", **SOURCE
    )
    S3CopyObjectOperator(task_id="mended", dest_bucket_key="copies/{{ ds_nodash }}.csv", **SOURCE)
