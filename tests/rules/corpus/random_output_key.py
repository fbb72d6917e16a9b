"""Names that tasks write to."""

import json
import uuid
from datetime import datetime
from uuid import uuid4

import boto3
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.operators.s3 import S3CreateObjectOperator
from airflow.providers.google.cloud.transfers.gcs_to_gcs import GCSToGCSOperator
from airflow.sdk import DAG, task
from google.cloud import storage

s3 = boto3.client("s3")

# Near misses


@task
def of_the_run(ds=None):
    s3.put_object(Bucket="clean", Key=f"ds={ds}/part-0.csv", Body=b"")


@task
def an_id_in_the_body(ds=None):
    s3.put_object(Bucket="clean", Key=f"{ds}.json", Body=json.dumps({"id": str(uuid4())}))


def save(body, key=None):
    key = key or f"part-{uuid4()}.csv"  # no caller leaves it out
    s3.put_object(Bucket="clean", Key=key, Body=body)


@task
def gives_the_key(ds=None):
    save(b"", key=f"{ds}.csv")


@task
def temporary():
    path = f"/tmp/{uuid4()}.csv"
    frame.to_csv(path)
    s3.upload_file(f"staging/{uuid4()}", "clean", "final.csv")


@task
def renamed_afterwards(fs):
    name = f"clean/{uuid4()}"
    with fs.open(name, "wb") as file:
        file.write(b"")
    fs.rename(name, "clean/final")


@task
def reads(ds=None):
    return s3.get_object(Bucket="raw", Key=f"{uuid4()}")


# Flagged


def put(key):
    s3.put_object(Bucket="clean", Key=key, Body=b"")  # flag


@task
def puts_by_date(ds=None):
    put(f"{ds}.csv")


@task
def puts_by_the_clock():
    put(f"{datetime.now()}.csv")


@task
def a_new_name_each_time(ds=None):
    s3.put_object(Bucket="clean", Key=f"ds={ds}/part-{uuid4()}.csv", Body=b"")  # flag


@task
def a_few_lines_earlier():
    name = str(uuid.uuid4())
    key = f"parts/{name}.csv"
    S3Hook().load_string("x", key=key, bucket_name="clean")  # flag


@task
def a_blob():
    blob = storage.Client().bucket("clean").blob(f"part-{uuid.uuid4().hex}")
    blob.upload_from_string("x")  # flag


@task
def by_the_clock(frame):
    frame.to_parquet(f"s3://clean/{datetime.now():%H%M%S}.parquet")  # flag


def store(frame, path):
    frame.to_csv(path)  # flag


@task
def in_a_call(frame):
    store(frame, f"gs://clean/{uuid4()}.csv")


def fallback(body, key=None):
    if key is None:
        key = f"part-{uuid4()}"
    s3.put_object(Bucket="clean", Key=key, Body=body)  # flag


@task
def leaves_the_key_out():
    fallback(b"")


with DAG("keys", schedule="@daily"):
    S3CreateObjectOperator(task_id="fine", s3_bucket="clean", s3_key="{{ ds }}.csv", data="x")
    S3CreateObjectOperator(task_id="new", s3_bucket="clean", s3_key=f"{uuid4()}.csv", data="x")  # flag
    GCSToGCSOperator(task_id="copy", source_bucket="a", source_object="b", destination_object=f"x/{uuid4()}")  # flag
