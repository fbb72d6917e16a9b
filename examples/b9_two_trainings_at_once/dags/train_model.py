"""The recommender is trained anew each day, in a pod. As it broke."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG

with DAG(
    "train_model",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={"retries": 1},
):
    KubernetesPodOperator(
        task_id="train",
        name="train-model",
        image="datalab/trainer:1",  # goes on from the last epoch that is there, and keeps each when it is done
        env_vars={"RUN": "{{ ds }}"},
        # as it was by default in Airflow 1.10: each attempt has a pod of its own, and no pod is taken away
        durable=False,
        on_finish_action="keep_pod",
    )
