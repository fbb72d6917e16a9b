"""Recommendations for each user, made by a Dataflow job from a template that is given four hours."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.google.cloud.operators.dataflow import (
    DataflowStopJobOperator,
    DataflowTemplatedJobStartOperator,
)
from airflow.providers.google.cloud.sensors.dataflow import DataflowJobStatusSensor
from airflow.sdk import DAG

PLACE = {"project_id": "datalab-pre-production", "location": "europe-west1"}
JOB = "{{ ti.xcom_pull('recommend', key='job_id') }}"

with DAG(
    "recommendations",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={"retries": 1, "execution_timeout": timedelta(hours=5)},
):
    recommend = DataflowTemplatedJobStartOperator(
        task_id="recommend",
        template="gs://datalab-templates/recommend",
        job_name="recommend-{{ ds_nodash }}",
        append_job_name=False,
        wait_until_finished=False,
        parameters={"day": "{{ ds }}"},
        options={"machineType": "n1-highmem-8", "maxWorkers": 40},
        **PLACE,
    )
    wait = DataflowJobStatusSensor(
        task_id="wait",
        job_id=JOB,
        expected_statuses={"JOB_STATE_DONE"},
        timeout=4 * 3600,
        poke_interval=60,
        mode="reschedule",
        **PLACE,
    )
    # a sensor that gives up stops nothing
    stop = DataflowStopJobOperator(task_id="stop", job_id=JOB, drain_pipeline=False, trigger_rule="one_failed", **PLACE)
    recommend >> wait >> stop
