import os
import urllib.request

from airflow.sdk import DAG, task
from workdays import Workdays


@task
def on_workdays(data_interval_start=None):
    url = os.environ["AWS_ENDPOINT_URL"] + "/clean/day"
    urllib.request.urlopen(urllib.request.Request(url, str(data_interval_start).encode(), method="PUT")).read()


with DAG("timed", schedule=Workdays()):
    on_workdays()
