"""Names of real things in operators."""

from airflow.providers.amazon.aws.operators.s3 import S3CreateObjectOperator
from airflow.providers.google.cloud.transfers.gcs_to_bigquery import GCSToBigQueryOperator
from airflow.providers.http.operators.http import HttpOperator
from airflow.sdk import DAG

# Near misses

with DAG("endpoints_fine", schedule="@daily"):
    GCSToBigQueryOperator(task_id="variable", bucket="{{ var.value.bucket }}", source_objects=["x"])
    GCSToBigQueryOperator(task_id="given", bucket=settings.bucket, source_objects=["x"])
    GCSToBigQueryOperator(task_id="public", bucket="bigquery-public-data", source_objects=["x"])
    HttpOperator(task_id="connection", http_conn_id="api", endpoint="/v1/sales")
    HttpOperator(task_id="example", url="https://example.com/x")

# Flagged

BUCKET = "acme-prod-sales"

with DAG("endpoints", schedule="@daily"):
    GCSToBigQueryOperator(task_id="bucket", bucket="acme-prod-sales", source_objects=["x"])  # flag
    GCSToBigQueryOperator(task_id="constant", bucket=BUCKET, source_objects=["x"])  # flag
    GCSToBigQueryOperator(task_id="project", project_id="acme-prod", bucket=settings.bucket)  # flag
    S3CreateObjectOperator(task_id="uri", s3_key="s3://acme-prod/x", data="x")  # flag
    HttpOperator(task_id="host", url="https://api.acme.com/sales")  # flag
    S3CreateObjectOperator(task_id="role", s3_key="x", role="arn:aws:iam::123456789012:role/etl")  # flag
