"""Targets of runs that may overlap."""

from airflow.providers.amazon.aws.operators.s3 import S3CreateObjectOperator
from airflow.sdk import DAG, task

CURRENT = "sales/current.csv"

# Near misses


@task
def of_the_run(s3, ds=None):
    s3.put_object(Bucket="clean", Key=f"sales/{ds}.csv", Body=b"")
    s3.put_object(Bucket="clean", Key="tmp/sales.csv", Body=b"")
    s3.get_object(Bucket="clean", Key=CURRENT)


with DAG("overlap", schedule="@hourly", catchup=True):
    S3CreateObjectOperator(task_id="of_the_hour", s3_bucket="clean", s3_key="sales/{{ ts_nodash }}.csv", data="x")

# Flagged


@task
def always_the_same(s3):
    s3.put_object(Bucket="clean", Key=CURRENT, Body=b"")  # flag


with DAG("several", schedule="@hourly", max_active_runs=4):
    S3CreateObjectOperator(task_id="current", s3_bucket="clean", s3_key="sales/current.csv", data="x")  # flag
