#: loaded = true
#: settings = { elsewhere = ["of_another_team"] }
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG

with DAG("here", schedule=None):
    TriggerDagRunOperator(task_id="itself", trigger_dag_id="here")
    TriggerDagRunOperator(task_id="in_another_file", trigger_dag_id="there")
    TriggerDagRunOperator(task_id="at_run_time", trigger_dag_id="{{ params.child }}")
    TriggerDagRunOperator(task_id="elsewhere", trigger_dag_id="of_another_team")
    TriggerDagRunOperator(task_id="in_a_file_that_does_not_load", trigger_dag_id="of_a_broken_file")
    ExternalTaskSensor(task_id="whole_dag", external_dag_id="there", timeout=60)
    ExternalTaskSensor(task_id="its_task", external_dag_id="there", external_task_id="load", timeout=60)
    TriggerDagRunOperator(task_id="mistyped", trigger_dag_id="thre")  # flag
    ExternalTaskSensor(task_id="no_dag", external_dag_id="gone", timeout=60)  # flag
    ExternalTaskSensor(task_id="no_task", external_dag_id="there", external_task_id="lod", timeout=60)  # flag
