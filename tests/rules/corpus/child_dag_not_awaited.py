#: loaded = true
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG

with DAG("d", schedule=None):
    TriggerDagRunOperator(task_id="waits", trigger_dag_id="child", wait_for_completion=True)
    TriggerDagRunOperator(task_id="deferred", trigger_dag_id="child", wait_for_completion=True, deferrable=True)
    sensed = TriggerDagRunOperator(task_id="sensed", trigger_dag_id="child")
    sensed >> ExternalTaskSensor(task_id="sensor", external_dag_id="child", timeout=60)
    TriggerDagRunOperator(task_id="at_run_time", trigger_dag_id="child", wait_for_completion="{{ params.wait }}")
    TriggerDagRunOperator(task_id="lost", trigger_dag_id="child")  # flag
    followed = TriggerDagRunOperator(task_id="followed", trigger_dag_id="child")  # flag
    followed >> EmptyOperator(task_id="next")
