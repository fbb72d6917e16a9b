#: loaded = true
from datetime import timedelta

from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import DAG, task

HOUR = timedelta(hours=1)

with DAG("bounded", schedule=None, dagrun_timeout=HOUR):
    S3KeySensor(task_id="within_the_run", bucket_key="s3://a/b")
with DAG("by_default_args", schedule=None, default_args={"timeout": 600}):
    S3KeySensor(task_id="set_for_all", bucket_key="s3://a/b")
with DAG("d", schedule=None):
    S3KeySensor(task_id="own", bucket_key="s3://a/b", timeout=600)
    S3KeySensor(task_id="meant", bucket_key="s3://a/b", timeout=7 * 24 * 60 * 60)
    S3KeySensor(task_id="by_execution", bucket_key="s3://a/b", execution_timeout=HOUR)
    BashOperator(task_id="no_sensor", bash_command="true")
    TimeDeltaSensor(task_id="comes_for_sure", delta=HOUR)
    S3KeySensor(task_id="week", bucket_key="s3://a/b", poke_interval=30)  # flag
    S3KeySensor.partial(task_id="many").expand(bucket_key=["s3://a/b", "s3://a/c"])  # flag

    @task.sensor(poke_interval=30)
    def looks(): ...  # flag

    looks()
