"""A template of a customer's pipeline, with its "GCS export". As it was mended."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG
from kubernetes.client import models as k8s

with DAG(
    "customer_export",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={"retries": 2},
):
    # a machine of its own, with memory of its own; a worker that is replaced takes nothing along
    KubernetesPodOperator(
        task_id="gcs_export",
        name="gcs-export",
        image="acme/gcs-export:2",
        env_vars={"DAY": "{{ ds }}"},
        container_resources=k8s.V1ResourceRequirements(
            requests={"cpu": "1", "memory": "4Gi"}, limits={"memory": "4Gi"}
        ),
        deferrable=False,
        active_deadline_seconds=3600,
    )
