"""Schedules that are said and not said."""

from datetime import datetime

from airflow import DAG
from airflow.sdk import dag

# Near misses

with DAG("said", schedule="@daily", start_date=datetime(2024, 1, 1)):
    pass

with DAG("none", schedule=None):
    pass


@dag(schedule="@daily")
def decorated():
    pass


# Flagged

with DAG("unsaid", start_date=datetime(2024, 1, 1)):  # flag
    pass


@dag()  # flag
def decorated_unsaid():
    pass
