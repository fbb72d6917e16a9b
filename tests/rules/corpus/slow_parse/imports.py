from airflow.sdk import DAG

with DAG("quick", schedule=None):
    pass
