from airflow.sdk import DAG

with DAG("mine_alone_too", schedule=None):
    pass
with DAG("of_two_files", schedule=None):
    pass
