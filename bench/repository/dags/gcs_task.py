"""A task that writes one object by Airflow's hook for Google Cloud Storage."""

from datetime import datetime

from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.sdk import dag, task


@dag(schedule=None, start_date=datetime(2024, 1, 1))
def gcs_task():
    """One task."""

    @task
    def work(ds=None):
        """Write the day's object."""
        GCSHook().upload("bench", f"{ds}/a.txt", data=b"hello")

    work()


gcs_task()
