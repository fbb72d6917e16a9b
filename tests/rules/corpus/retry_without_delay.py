#: loaded = true
from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("d", schedule=None):
    BashOperator(task_id="default_delay", bash_command="true", retries=2)
    BashOperator(task_id="a_minute", bash_command="true", retries=2, retry_delay=timedelta(minutes=1))
    BashOperator(task_id="no_retry", bash_command="true", retries=0, retry_delay=timedelta(0))
    BashOperator(task_id="at_once", bash_command="true", retries=2, retry_delay=timedelta(0))  # flag
    BashOperator(task_id="soon", bash_command="true", retries=1, retry_delay=timedelta(seconds=5))  # flag
