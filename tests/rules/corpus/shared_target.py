#: loaded = true
from airflow.providers.amazon.aws.operators.s3 import S3CopyObjectOperator, S3DeleteObjectsOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk import DAG

with DAG("a", schedule=None):
    S3CopyObjectOperator(
        task_id="own", source_bucket_key="s3://raw/a", dest_bucket_name="clean", dest_bucket_key="{{ ds }}/a.csv"
    )
    S3CopyObjectOperator(
        task_id="again", source_bucket_key="s3://raw/b", dest_bucket_name="clean", dest_bucket_key="{{ ds }}/a.csv"
    )
    S3KeySensor(task_id="waits", bucket_name="clean", bucket_key="{{ ds }}/b.csv", timeout=60)
    S3DeleteObjectsOperator(task_id="deletes", bucket="clean", keys="{{ ds }}/b.csv")

SHARED = {"dest_bucket_name": "clean", "dest_bucket_key": "{{ ds }}/sales.csv"}
with DAG("b", schedule=None):
    S3CopyObjectOperator(task_id="b_writes", source_bucket_key="s3://raw/b", **SHARED)
with DAG("c", schedule=None):
    S3CopyObjectOperator(task_id="c_writes", source_bucket_key="s3://raw/c", **SHARED)  # flag
