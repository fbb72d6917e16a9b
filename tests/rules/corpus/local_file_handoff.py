"""Files on the worker's disk."""

import json

import pandas
from airflow.providers.amazon.aws.transfers.local_to_s3 import LocalFilesystemToS3Operator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

# Near misses


@task
def its_own_file(s3):
    with open("/tmp/own.csv", "w") as file:
        file.write("x")
    s3.upload_file("/tmp/own.csv", "clean", "own.csv")


@task
def writes_to_a_mount(frame):
    frame.to_csv("/mnt/shared/sales.csv")
    frame.to_csv("/home/airflow/gcs/data/sales.csv")
    frame.to_csv("s3://clean/sales.csv")


@task
def reads_from_a_mount():
    pandas.read_csv("/home/airflow/gcs/data/sales.csv")
    pandas.read_csv("s3://clean/sales.csv")
    return pandas.read_csv("/mnt/shared/sales.csv")


@task
def reads_what_the_image_has():
    return json.load(open("/opt/airflow/config/sales.json"))


@task
def writes_any(name):
    open(f"/tmp/{name}", "w").write("x")


@task
def reads_any(name):
    return open(f"/tmp/{name}").read()


# Flagged


@task
def extract(frame):
    frame.to_csv("/tmp/sales.csv")


@task
def load():
    return pandas.read_csv("/tmp/sales.csv")  # flag


@task
def extract_day(ds=None):
    with open(f"/tmp/sales-{ds}.json", "w") as file:
        file.write("x")


@task
def load_day(s3, ds=None):
    s3.upload_file(Filename=f"/tmp/sales-{ds}.json", Bucket="clean", Key=f"{ds}.json")  # flag


with DAG("files", schedule="@daily"):
    BashOperator(task_id="fetch", bash_command="curl -s https://example.com/x -o /tmp/fetched.csv")
    LocalFilesystemToS3Operator(task_id="upload", filename="/tmp/fetched.csv", dest_key="x", dest_bucket="b")  # flag
    BashOperator(task_id="count", bash_command="echo 1 > /tmp/count.txt && wc -l /tmp/count.txt")
    BashOperator(task_id="show", bash_command="cat /tmp/count.txt")  # flag
