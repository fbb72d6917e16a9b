"""A pod that succeeds."""

from __future__ import annotations

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG

with DAG("pod_sync", schedule=None):
    KubernetesPodOperator(task_id="work", name="work", image="bench/pod:1")
