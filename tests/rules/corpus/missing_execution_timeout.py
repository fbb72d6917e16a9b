#: loaded = true
from datetime import timedelta

from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

HOUR = timedelta(hours=1)

with DAG("bounded", schedule=None, dagrun_timeout=HOUR):
    GlueJobOperator(task_id="within_the_run", job_name="x")
with DAG("by_default_args", schedule=None, default_args={"execution_timeout": HOUR}):
    GlueJobOperator(task_id="set_for_all", job_name="x")
with DAG("d", schedule=None):
    BashOperator(task_id="short", bash_command="true")
    GlueJobOperator(task_id="does_not_wait", job_name="x", wait_for_completion=False)
    KubernetesPodOperator(task_id="pod_bounded", image="a:1", execution_timeout=HOUR)
    GlueJobOperator(task_id="waits", job_name="x")  # flag
    KubernetesPodOperator(task_id="pod", image="a:1")  # flag
