from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("there", schedule=None):
    EmptyOperator(task_id="load")
