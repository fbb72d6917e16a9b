"""The recommender is trained anew each day, in a Job. As it was mended."""

from __future__ import annotations

import time
from datetime import datetime

from airflow.sdk import DAG, task
from kubernetes import client, config

NAMESPACE = "default"


def training(name: str, day: str) -> client.V1Job:
    container = client.V1Container(
        name="train",
        image="datalab/trainer:1",  # the same image: what was mended is who may start it
        env=[client.V1EnvVar("RUN", day)],
    )
    pod = client.V1PodSpec(containers=[container], restart_policy="Never")
    template = client.V1PodTemplateSpec(spec=pod)
    return client.V1Job(
        metadata=client.V1ObjectMeta(name=name), spec=client.V1JobSpec(backoff_limit=0, template=template)
    )


with DAG(
    "train_model",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={"retries": 1},
):

    @task
    def train(ds=None):
        config.load_config()
        batch = client.BatchV1Api()
        # The name is made of the day alone. Of all who come, Kubernetes lets one create it; the others take it up.
        name = f"train-model-{ds}"
        try:
            batch.create_namespaced_job(NAMESPACE, training(name, ds))
        except client.ApiException as refused:
            if refused.status != 409:
                raise
        while True:
            found = batch.read_namespaced_job_status(name, NAMESPACE).status
            if found.succeeded:
                return
            if found.failed:
                batch.delete_namespaced_job(name, NAMESPACE, propagation_policy="Foreground")
                raise RuntimeError(f"{name} has failed; the next try starts it anew")
            time.sleep(600)

    train()
