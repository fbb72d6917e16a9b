"""The recommender's model is moved to where the service reads it. As it was mended."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.google.cloud.sensors.gcs import GCSObjectExistenceSensor
from airflow.sdk import DAG
from kubernetes.client import models as k8s

with DAG(
    "publish_model",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={"retries": 1},
):
    move = KubernetesPodOperator(
        task_id="move_model",
        name="move-model",
        image="datalab/model-mover:2",  # copy, check, then take the source away
        env_vars={"SOURCE": "staging/recommender.bin", "TARGET": "live/recommender.bin"},
        container_resources=k8s.V1ResourceRequirements(
            requests={"cpu": "1", "memory": "2Gi"}, limits={"memory": "2Gi"}
        ),
    )
    move >> GCSObjectExistenceSensor(
        task_id="model_is_there",
        bucket="models",
        object="live/recommender.bin",
        mode="reschedule",
        timeout=600,
    )
