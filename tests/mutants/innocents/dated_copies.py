"""Copies onto the interval's partition, by Amazon's operator and by Google's."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.amazon.aws.operators.s3 import S3CopyObjectOperator
from airflow.providers.google.cloud.transfers.gcs_to_gcs import GCSToGCSOperator
from airflow.sdk import dag


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def dated_copies():
    S3CopyObjectOperator(
        task_id="copy_s3",
        source_bucket_name="raw",
        source_bucket_key="orders/{{ ds }}/berlin.csv",
        dest_bucket_name="lake",
        dest_bucket_key="orders/ds={{ ds }}/berlin.csv",
    )
    GCSToGCSOperator(
        task_id="copy_gcs",
        source_bucket="landing",
        source_object="orders/{{ ds }}/*.csv",
        destination_bucket="warehouse",
        destination_object="orders/ds={{ ds }}/",
    )


dated_copies()
