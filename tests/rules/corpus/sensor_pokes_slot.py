#: loaded = true
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk import DAG

with DAG("d", schedule=None):
    S3KeySensor(task_id="gives_back", bucket_key="s3://a/b", timeout=60, mode="reschedule", poke_interval=300)
    S3KeySensor(task_id="deferred", bucket_key="s3://a/b", timeout=60, deferrable=True, poke_interval=300)
    S3KeySensor(task_id="soon", bucket_key="s3://a/b", timeout=60, poke_interval=5)
    S3KeySensor(task_id="holds", bucket_key="s3://a/b", timeout=60, poke_interval=300)  # flag
    S3KeySensor(task_id="default", bucket_key="s3://a/b", timeout=60)  # flag
