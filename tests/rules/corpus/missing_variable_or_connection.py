#: loaded = true
#: settings = { variables = ["bucket"], connections = ["aws_prod"] }
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("d", schedule=None):
    S3KeySensor(task_id="known", bucket_key="s3://{{ var.value.bucket }}/a", aws_conn_id="aws_prod", timeout=60)
    S3KeySensor(task_id="default_connection", bucket_key="s3://raw/a", timeout=60)
    BashOperator(task_id="no_template", bash_command="echo var.value.nothing")
    BashOperator(task_id="conn_known", bash_command="echo {{ conn.aws_prod.host }}")
    S3KeySensor(task_id="mistyped", bucket_key="s3://{{ var.value.bukcet }}/a", timeout=60)  # flag
    S3KeySensor(task_id="other_connection", bucket_key="s3://raw/a", aws_conn_id="aws_test", timeout=60)  # flag
    BashOperator(task_id="conn_unknown", bash_command="echo {{ conn.warehouse.host }} {{ var.json.bucket.a }}")  # flag
