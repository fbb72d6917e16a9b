#: loaded = true  # flag
#: settings = { seconds = 0.5 }
import time

from airflow.sdk import DAG

with DAG("slow", schedule=None):
    pass
time.sleep(0.6)
