"""A move with a stock operator: GCSToGCSOperator(move_object=True) on one named object.

Once it is moved the operator moves nothing and returns an empty list, so that the tasks after it load nothing. The twin
copies, and leaves the source to a lifecycle rule.
"""

from __future__ import annotations

from datetime import datetime

from airflow.providers.google.cloud.transfers.gcs_to_gcs import GCSToGCSOperator
from airflow.providers.standard.operators.empty import EmptyOperator
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
    # what they return counts where a task may pull it
    GCSToGCSOperator(task_id="broken", move_object=True, **MOVE) >> EmptyOperator(task_id="after_broken")
    GCSToGCSOperator(task_id="mended", **MOVE) >> EmptyOperator(task_id="after_mended")
