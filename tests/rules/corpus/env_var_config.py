"""Where configuration comes from."""

import os
from os import environ, getenv

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Variable

# Near misses

os.environ["TZ"] = "UTC"
HOME = os.path.expanduser("~")
NAME = settings.get("NAME")

with DAG("environment_fine", schedule="@daily"):
    BashOperator(task_id="template", bash_command="load {{ var.value.bucket }}")
    BashOperator(task_id="shell", bash_command="load $BUCKET")

# Flagged

BUCKET = os.environ["BUCKET"]  # flag
STAGE = os.getenv("STAGE", "dev")  # flag
PROJECT = os.environ.get("PROJECT")  # flag
REGION = environ["REGION"]  # flag
ZONE = getenv("ZONE")  # flag
