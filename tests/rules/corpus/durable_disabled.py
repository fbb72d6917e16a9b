#: loaded = true
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG

with DAG("d", schedule=None):
    GlueJobOperator(task_id="default", job_name="x")
    GlueJobOperator(task_id="on", job_name="x", durable=True)
    KubernetesPodOperator(task_id="pod_default", image="a:1")
    KubernetesPodOperator(
        task_id="with_reason", image="a:1", durable=False
    )  # dagguard: ignore[durable-disabled] sockets
    GlueJobOperator(task_id="off", job_name="x", durable=False)  # flag
    KubernetesPodOperator(task_id="pod", image="a:1", durable=False)  # flag
    KubernetesPodOperator(task_id="old_name", image="a:1", reattach_on_restart=False)  # flag
