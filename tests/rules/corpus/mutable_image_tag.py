#: loaded = true
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG

with DAG("d", schedule=None):
    KubernetesPodOperator(task_id="version", image="acme/train:1.4.2")
    KubernetesPodOperator(task_id="latest_of_a_line", image="python:3.12-slim")
    KubernetesPodOperator(task_id="digest", image="acme/train@sha256:" + "0" * 64)
    KubernetesPodOperator(task_id="port", image="registry:5000/train:7")
    KubernetesPodOperator(task_id="at_run_time", image="{{ var.value.image }}")
    KubernetesPodOperator(task_id="none", image="acme/train")  # flag
    KubernetesPodOperator(task_id="latest", image="acme/train:latest")  # flag
    KubernetesPodOperator(task_id="port_only", image="registry:5000/train")  # flag
    KubernetesPodOperator(task_id="branch", image="acme/train:main")  # flag
