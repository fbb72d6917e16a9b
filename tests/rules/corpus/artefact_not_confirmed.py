"""Objects that are moved."""

import shutil

from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.providers.google.cloud.transfers.gcs_to_gcs import GCSToGCSOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

# Near misses


@task
def looks_afterwards():
    hook = GCSHook()
    hook.copy("models", "new/m.pkl", "models", "live/m.pkl")
    if not hook.exists("models", "live/m.pkl"):
        raise FileNotFoundError
    hook.delete("models", "new/m.pkl")


@task
def only_copies(hook):
    hook.copy("models", "new/m.pkl", "models", "live/m.pkl")


@task
def local_files(names):
    copied = names.copy()
    shutil.copy("/mnt/a", "/mnt/b")
    copied.remove("x")


with DAG("moves_fine", schedule="@daily"):
    GCSToGCSOperator(task_id="copies", source_bucket="a", source_object="b", destination_bucket="c")
    BashOperator(task_id="checks", bash_command="gsutil mv gs://a/x gs://b/x && gsutil stat gs://b/x")

# Flagged


@task
def moves():
    hook = GCSHook()
    hook.copy("models", "new/m.pkl", "models", "live/m.pkl")  # flag
    hook.delete("models", "new/m.pkl")


@task
def moves_by_boto(s3):
    s3.copy_object(Bucket="models", Key="live/m.pkl", CopySource="models/new/m.pkl")  # flag
    s3.delete_object(Bucket="models", Key="new/m.pkl")


with DAG("moves", schedule="@daily"):
    GCSToGCSOperator(task_id="operator", source_bucket="a", source_object="b", move_object=True)  # flag
    BashOperator(task_id="shell", bash_command="gsutil -m mv gs://a/new gs://a/live")  # flag
