"""What has moved."""

# Near misses

from airflow.sdk import Asset, task

SALES = Asset("s3://clean/sales")


@task
def load():
    pass


# Flagged

from airflow.datasets import Dataset
from airflow.decorators import task as old_task

OLD = Dataset("s3://clean/old")  # flag


@old_task  # flag
def old():
    pass
