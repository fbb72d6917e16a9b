"""A move with a stock operator: GCSToGCSOperator(move_object=True) on one named object.

Once it is moved the operator moves nothing and returns an empty list, so that the tasks after it load nothing. The twin
copies, and leaves the source to a lifecycle rule.
"""

from __future__ import annotations

from datetime import datetime

from airflow.providers.google.cloud.transfers.gcs_to_gcs import GCSToGCSOperator
from airflow.providers.standard.operators.bash import BashOperator
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
    # what they return counts where a task pulls it
    for name, move in (("broken", True), ("mended", False)):
        moved = GCSToGCSOperator(task_id=name, move_object=move, **MOVE)
        BashOperator(task_id=f"after_{name}", bash_command="echo", env={"MOVED": moved.output})
