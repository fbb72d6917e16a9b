#: loaded = true
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from kubernetes.client import V1Pod, V1ResourceRequirements


class OurPod(KubernetesPodOperator):
    """A subclass is a pod too."""


with DAG("d", schedule=None):
    KubernetesPodOperator(
        task_id="says", image="a:1", container_resources=V1ResourceRequirements(requests={"memory": "1Gi"})
    )
    KubernetesPodOperator(task_id="template", image="a:1", pod_template_file="/pods/a.yaml")
    KubernetesPodOperator(task_id="spec", image="a:1", full_pod_spec=V1Pod())
    BashOperator(task_id="no_pod", bash_command="true")
    KubernetesPodOperator(task_id="pod", image="a:1")  # flag
    OurPod(task_id="ours", image="a:1")  # flag
