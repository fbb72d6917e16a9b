"""What tasks delete."""

import shutil

from airflow.providers.amazon.aws.operators.s3 import S3DeleteObjectsOperator
from airflow.providers.google.cloud.operators.gcs import GCSDeleteObjectsOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task, teardown

BUCKET = "clean"

# Near misses


@task
def of_the_run(fs, ds=None):
    fs.rm(f"s3://clean/ds={ds}/", recursive=True)
    shutil.rmtree("/tmp/work")


@task
def bad_rows_only(hook):
    hook.run("DELETE FROM readings WHERE value < 0")


@task
def one_object(s3):
    s3.delete_object(Bucket="clean", Key="sales/current.csv")


@teardown
def tidies_up(fs):
    fs.rm("s3://clean/sales/", recursive=True)


with DAG("deletes_fine", schedule="@daily"):
    S3DeleteObjectsOperator(task_id="of_the_run", bucket=BUCKET, prefix="sales/ds={{ ds }}/")
    S3DeleteObjectsOperator(task_id="keys", bucket=BUCKET, keys=["sales/current.csv"])
    S3DeleteObjectsOperator(task_id="temporary", bucket=BUCKET, prefix="tmp/sales/")
    S3DeleteObjectsOperator(task_id="cleanup", bucket=BUCKET, prefix="sales/", trigger_rule="all_done")
    GCSDeleteObjectsOperator(task_id="teardown", bucket_name=BUCKET, prefix="sales/").as_teardown()
    BashOperator(task_id="shell_of_the_run", bash_command="gsutil -m rm -r gs://clean/sales/{{ ds }}/")

# Flagged


@task
def clears_all(fs, bucket):
    fs.rm("s3://clean/sales/", recursive=True)  # flag
    bucket.objects.filter(Prefix="sales/").delete()  # flag


@task
def clears_what_is_listed(bucket):
    found = list(bucket.list_blobs(prefix="sales/"))
    bucket.delete_blobs(found)  # flag


with DAG("deletes", schedule="@daily"):
    S3DeleteObjectsOperator(task_id="clear", bucket=BUCKET, prefix="sales/")  # flag
    GCSDeleteObjectsOperator(task_id="clear_gcs", bucket_name=BUCKET, prefix="sales/")  # flag
    BashOperator(task_id="shell", bash_command="gsutil -m rm -r gs://clean/sales/ && load")  # flag
    BashOperator(task_id="aws", bash_command="aws s3 rm s3://clean/sales/ --recursive")  # flag
