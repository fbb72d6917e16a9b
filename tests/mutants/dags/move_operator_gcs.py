"""A move with a stock operator: GCSToGCSOperator(move_object=True) on one named object.

Once it is moved the operator moves nothing and returns an empty list, so that the tasks after it load nothing. The twin
copies, and leaves the source to a lifecycle rule.
"""

from __future__ import annotations

from datetime import datetime

from airflow.providers.google.cloud.transfers.gcs_to_gcs import GCSToGCSOperator
from airflow.sdk import DAG

EXPECT = {"twice": "changed", "concurrent": "changed", "killed": "changed"}

MOVE = {
    "source_bucket": "landing",
    "source_object": "orders/{{ ds }}/berlin.csv",
    "destination_bucket": "warehouse",
    "destination_object": "orders/ds={{ ds }}/berlin.csv",
    "exact_match": True,
}

with DAG("move_operator_gcs", schedule="@daily", start_date=datetime(2024, 1, 1), default_args={"retries": 2}):
    GCSToGCSOperator(task_id="broken", move_object=True, **MOVE)
    GCSToGCSOperator(task_id="mended", **MOVE)
