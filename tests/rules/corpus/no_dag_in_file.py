#: loaded = true  # flag
from airflow.sdk import dag


@dag(schedule=None)
def never_called(): ...
