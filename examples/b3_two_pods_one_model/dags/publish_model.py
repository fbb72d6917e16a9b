"""The recommender's model is moved to where the service reads it. As it broke."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG

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
        # a retry starts a pod of its own and does not look for the one before
        durable=False,
    )
