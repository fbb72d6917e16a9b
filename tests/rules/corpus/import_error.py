#: loaded = true
from airflow.sdk import DAG

with DAG("unfinished", schedule=None, wrong=True):  # flag
    pass
