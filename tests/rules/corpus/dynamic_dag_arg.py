"""Arguments that differ at each load."""

import uuid
from datetime import datetime

from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator

# Near misses

with DAG("fixed", schedule="@daily", start_date=datetime(2024, 1, 1)):
    BashOperator(task_id="template", bash_command="load {{ ds }}")

LOADED = datetime.now()

# Flagged

with DAG("moves", schedule="@daily", start_date=datetime.now()):  # flag
    BashOperator(task_id="name", bash_command=f"load {uuid.uuid4()}")  # flag
