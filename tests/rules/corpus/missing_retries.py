#: loaded = true
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.sdk import DAG, task

with DAG("by_default_args", schedule=None, default_args={"retries": 2}):
    BashOperator(task_id="set_for_all", bash_command="true")

with DAG("mixed", schedule=None):
    BashOperator(task_id="own", bash_command="true", retries=1)
    EmptyOperator(task_id="nothing_to_do")
    FileSensor(task_id="waits", filepath="x", timeout=60)
    TriggerDagRunOperator(task_id="triggers", trigger_dag_id="by_default_args", wait_for_completion=True)

    @task.branch
    def chooses(): ...

    BashOperator(task_id="once", bash_command="true")  # flag
    BashOperator(task_id="zero", bash_command="true", retries=0)  # flag
    BashOperator.partial(task_id="many").expand(bash_command=["true", "false"])  # flag

    @task
    def works(): ...  # flag

    chooses()
    works()
