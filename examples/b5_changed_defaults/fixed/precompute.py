"""Scores for the recommender, precomputed each night by a Dataflow job."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

PIPELINE = (
    f"{sys.executable} {{{{ dag.folder }}}}/../lib/precompute.py --day={{{{ ds }}}}"
    " --runner=DataflowRunner --region=europe-west1"
    " --worker_machine_type=n1-standard-4 --disk_size_gb=250 --experiments=shuffle_mode=appliance"
)

with DAG(
    "precompute",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={"retries": 2, "execution_timeout": timedelta(hours=4)},
):
    BashOperator(task_id="score", bash_command=PIPELINE)
