"""A task that writes one object by an operator of the Amazon provider."""

from datetime import datetime

from airflow.providers.amazon.aws.operators.s3 import S3CreateObjectOperator
from airflow.sdk import dag


@dag(schedule=None, start_date=datetime(2024, 1, 1))
def s3_operator():
    """One task."""
    S3CreateObjectOperator(task_id="work", s3_bucket="bench", s3_key="{{ ds }}/a.txt", data="hello", replace=True)


s3_operator()
