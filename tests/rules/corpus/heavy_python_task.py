"""Work in the worker."""

import pandas as pd
import torch
from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, task
from pyspark.sql import SparkSession

# Near misses


@task
def only_a_date(ds=None):
    return pd.Timestamp(ds) + pd.Timedelta(days=1)


@task
def submits(glue):
    return glue.start_job_run(JobName="join")["JobRunId"]


@task.docker(image="acme/join:1")
def in_a_container():
    return pd.read_csv("a").merge(pd.read_csv("b"))


@task.kubernetes(image="acme/train:1")
def in_a_pod():
    torch.load("model")


@task
def lists(s3):
    return [key for key in s3.list_keys("raw")]


@task
def one_object(gcs, s3):
    gcs.upload("clean", "x", data=s3.read_key("x", "raw"))


@task
def looks_up(connection):
    return [row[0] for row in connection.execute("SELECT name FROM shops").fetchall()]


def nobody_runs_this():
    return pd.read_csv("a")


# Flagged


@task
def joins():
    left = pd.read_parquet("left")  # flag
    return left.merge(pd.read_parquet("right"))


def load_frame():
    return pd.read_csv("a")  # flag


def reaches_it():
    return load_frame().describe()


@task
def trains(rows):
    model = torch.nn.Linear(2, 1)  # flag
    return model(rows)


@task
def spark():
    SparkSession.builder.getOrCreate().read.csv("s3://raw")  # flag


@task
def whole_result(hook):
    return hook.get_pandas_df("SELECT * FROM sales")  # flag


@task
def one_by_one(s3):
    gcs = GCSHook()
    for key in s3.list_keys("raw"):  # flag
        gcs.upload("clean", key, data=s3.read_key(key, "raw"))


@task
def exports(cursor, gcs):
    cursor.execute("SELECT * FROM sales")
    rows = cursor.fetchall()  # flag
    gcs.upload("clean", "sales.csv", data="\n".join(map(str, rows)))


with DAG("heavy", schedule="@daily"):
    PythonOperator(task_id="reaches", python_callable=reaches_it)
