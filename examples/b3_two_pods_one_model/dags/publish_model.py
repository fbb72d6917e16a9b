"""The recommender's model is moved to where the service reads it. As it broke."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG
from kubernetes.client import models as k8s

with DAG(
    "publish_model",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={"retries": 1},
):
    KubernetesPodOperator(
        task_id="move_model",
        name="move-model",
        image="datalab/model-mover:1",  # rm target; mv source target
        env_vars={"SOURCE": "staging/recommender.bin", "TARGET": "live/recommender.bin"},
        container_resources=k8s.V1ResourceRequirements(
            requests={"cpu": "1", "memory": "2Gi"}, limits={"memory": "2Gi"}
        ),
        # a retry starts a pod of its own and does not look for the one before
        durable=False,
    )
