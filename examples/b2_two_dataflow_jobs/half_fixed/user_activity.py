"""What people watched yesterday, as training data for the recommender; written by a Dataflow job. Half mended."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.google.cloud.operators.dataflow import DataflowTemplatedJobStartOperator
from airflow.sdk import DAG

with DAG(
    "user_activity",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10), "execution_timeout": timedelta(hours=3)},
    tags=["recommender"],
):
    # a name of its own: Dataflow refuses a second job while the first runs, and so the retry fails
    DataflowTemplatedJobStartOperator(
        task_id="write_training_data",
        template="gs://datalab-templates/user-activity",
        job_name="user-activity-{{ ds_nodash }}",
        append_job_name=False,
        project_id="datalab",
        location="europe-west1",
        parameters={"day": "{{ ds }}"},
        options={"machineType": "n1-standard-4", "maxWorkers": 20, "diskSizeGb": 250},
    )
