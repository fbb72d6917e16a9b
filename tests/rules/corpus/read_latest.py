"""What tasks read."""

import glob
import os

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG, task

# Near misses


@task
def of_the_run(s3, ds=None):
    s3.get_object(Bucket="raw", Key=f"{ds}.csv")
    return max(sizes(), key=lambda each: each["Size"])


@task
def by_name(names):
    return sorted(names, key=lambda each: each.lower())


def nobody_runs_this(objects):
    return max(objects, key=lambda each: each["LastModified"])


with DAG("latest_fine", schedule="@daily"):
    SQLExecuteQueryOperator(task_id="of_the_run", sql="SELECT * FROM t WHERE day = '{{ ds }}'")
    SQLExecuteQueryOperator(
        task_id="up_to_the_run", sql="SELECT * FROM t WHERE day = (SELECT MAX(day) FROM t WHERE day <= '{{ ds }}')"
    )
    SQLExecuteQueryOperator(task_id="largest", sql="SELECT MAX(day) FROM t")

# Flagged


@task
def newest_object(s3):
    found = s3.list_objects_v2(Bucket="raw")["Contents"]
    return max(found, key=lambda each: each["LastModified"])["Key"]  # flag


@task
def newest_blob(bucket):
    return sorted(bucket.list_blobs(), key=lambda each: each.updated)[-1]  # flag


@task
def newest_file():
    return max(glob.glob("/mnt/in/*"), key=os.path.getmtime)  # flag


with DAG("latest", schedule="@daily"):
    SQLExecuteQueryOperator(task_id="newest_rows", sql="SELECT * FROM t WHERE day = (SELECT MAX(day) FROM t)")  # flag
