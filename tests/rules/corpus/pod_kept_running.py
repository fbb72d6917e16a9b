#: loaded = true
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG

with DAG("d", schedule=None):
    KubernetesPodOperator(task_id="default", image="a:1")
    KubernetesPodOperator(task_id="failed_ones", image="a:1", on_finish_action="delete_succeeded_pod")
    KubernetesPodOperator(task_id="deadline", image="a:1", on_finish_action="keep_pod", active_deadline_seconds=60)
    KubernetesPodOperator(task_id="kept", image="a:1", on_finish_action="keep_pod")  # flag
