#: loaded = true
from airflow.sdk import DAG

with DAG("mine_alone", schedule=None):
    pass
with DAG("of_two_files", schedule=None):  # flag
    pass
