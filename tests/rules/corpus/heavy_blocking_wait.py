#: loaded = true
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.operators.rds import RdsStartExportTaskOperator
from airflow.providers.amazon.aws.operators.s3 import S3CopyObjectOperator
from airflow.providers.google.cloud.operators.bigquery import BigQueryCheckOperator, BigQueryInsertJobOperator
from airflow.providers.http.operators.http import HttpOperator
from airflow.sdk import DAG

EXPORT = {"source_arn": "a", "s3_bucket_name": "b", "s3_prefix": "c", "iam_role_arn": "d", "kms_key_id": "e"}

with DAG("d", schedule=None):
    GlueJobOperator(task_id="deferred", job_name="x", deferrable=True)
    GlueJobOperator(task_id="does_not_wait", job_name="x", wait_for_completion=False)
    HttpOperator(task_id="no_job", endpoint="x")
    BigQueryCheckOperator(task_id="a_check", sql="select 1")
    S3CopyObjectOperator(task_id="copies", source_bucket_key="a", dest_bucket_key="b")
    GlueJobOperator.partial(task_id="at_run_time", job_name="x").expand(deferrable=[True, False])
    GlueJobOperator(task_id="blocks", job_name="x")  # flag
    BigQueryInsertJobOperator(task_id="query", configuration={})  # flag
    RdsStartExportTaskOperator(task_id="a_sensor_exists", export_task_identifier="x", **EXPORT)  # flag
