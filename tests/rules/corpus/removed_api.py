"""What Airflow 3 has removed."""

# Near misses

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("kept", schedule="@daily"):
    BashOperator(task_id="x", bash_command="true")

# Flagged

from airflow import DAG as OldDag
from airflow.operators.bash_operator import BashOperator as OldBashOperator
from airflow.utils.dates import days_ago

with OldDag("removed", schedule_interval="@daily", start_date=days_ago(1)):  # flag
    OldBashOperator(task_id="x", bash_command="true")  # flag
