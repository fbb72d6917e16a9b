"""A task that writes one object by boto3 as it is."""

from datetime import datetime

import boto3
from airflow.sdk import dag, task


@dag(schedule=None, start_date=datetime(2024, 1, 1))
def boto3_task():
    """One task."""

    @task
    def work(ds=None):
        """Write the day's object."""
        boto3.client("s3").put_object(Bucket="bench", Key=f"{ds}/a.txt", Body=b"hello")

    work()


boto3_task()
