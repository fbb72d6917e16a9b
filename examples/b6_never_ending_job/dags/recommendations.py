"""Recommendations for each user, made by a Dataflow job from a template."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.google.cloud.operators.dataflow import DataflowTemplatedJobStartOperator
from airflow.sdk import DAG

with DAG(
    "recommendations", schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 1}
):
    # waits until the job has ended, for as long as that takes
    DataflowTemplatedJobStartOperator(
        task_id="recommend",
        template="gs://datalab-templates/recommend",
        job_name="recommend-{{ ds_nodash }}",
        append_job_name=False,
        project_id="datalab-pre-production",
        location="europe-west1",
        parameters={"day": "{{ ds }}"},
        options={"machineType": "n1-highmem-8", "maxWorkers": 40},
    )
