"""A task that does nothing: what is measured is all overhead."""

from datetime import datetime

from airflow.sdk import dag, task


@dag(schedule=None, start_date=datetime(2024, 1, 1))
def empty_task():
    """One task."""

    @task
    def work():
        """Do nothing."""

    work()


empty_task()
