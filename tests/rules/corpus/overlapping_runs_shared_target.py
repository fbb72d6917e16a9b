#: loaded = true
from datetime import datetime

from airflow.providers.amazon.aws.operators.s3 import S3CreateObjectOperator
from airflow.sdk import DAG

DAILY = {"schedule": "@daily", "start_date": datetime(2024, 1, 1)}
WRITE = {"s3_bucket": "models", "data": "x", "replace": True}

with DAG("no_catchup", **DAILY, catchup=False):
    S3CreateObjectOperator(task_id="a", s3_key="latest.json", **WRITE)
with DAG("one_at_a_time", **DAILY, catchup=True, max_active_runs=1):
    S3CreateObjectOperator(task_id="a", s3_key="latest.json", **WRITE)
with DAG("by_hand", schedule=None, catchup=True):
    S3CreateObjectOperator(task_id="a", s3_key="latest.json", **WRITE)
with DAG("overlapping", **DAILY, catchup=True):
    S3CreateObjectOperator(task_id="dated", s3_key="{{ ds }}/scores.json", **WRITE)
    S3CreateObjectOperator(task_id="by_run", s3_key="{{ run_id }}.json", **WRITE)
    S3CreateObjectOperator(task_id="by_interval", s3_key="{{ data_interval_start.strftime('%Y') }}.json", **WRITE)
    S3CreateObjectOperator(task_id="in_order", s3_key="latest.json", **WRITE, depends_on_past=True)
    S3CreateObjectOperator(task_id="latest", s3_key="latest.json", **WRITE)  # flag
    S3CreateObjectOperator(task_id="by_variable", s3_key="{{ var.value.name }}.json", **WRITE)  # flag
