#: loaded = true
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.sdk import DAG

JOB = {"job_name": "x", "script_location": "s3://jobs/x.py"}

with DAG("d", schedule=None, default_args={"retries": 2}):
    GlueJobOperator(task_id="takes_up", **JOB)
    GlueJobOperator(task_id="once", **JOB, durable=False, retries=0)
    GlueJobOperator(task_id="room_for_two", **JOB, durable=False, concurrent_run_limit=2)
    GlueJobOperator(task_id="limit_is_elsewhere", job_name="x", durable=False)
    GlueJobOperator(task_id="refused", **JOB, durable=False)  # flag
