#: loaded = true
from datetime import datetime

from airflow.sdk import DAG, Asset

START = datetime(2024, 1, 1)

with DAG("off", schedule="@daily", start_date=START, catchup=False):
    pass
with DAG("default", schedule="@daily", start_date=START):
    pass
with DAG("by_hand", schedule=None, start_date=START, catchup=True):
    pass
with DAG("by_asset", schedule=[Asset("s3://raw/a")], start_date=START, catchup=True):
    pass
with DAG("once", schedule="@once", start_date=START, catchup=True):
    pass
with DAG("hourly", schedule="@hourly", start_date=START, catchup=True):  # flag
    pass
with DAG("cron", schedule="0 3 * * *", start_date=START, catchup=True):  # flag
    pass
