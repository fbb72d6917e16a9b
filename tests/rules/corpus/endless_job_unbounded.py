#: loaded = true
from datetime import timedelta

from airflow.providers.amazon.aws.operators.batch import BatchOperator
from airflow.providers.amazon.aws.operators.emr import EmrAddStepsOperator
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.sensors.emr import EmrStepSensor
from airflow.providers.google.cloud.operators.dataproc import DataprocCreateBatchOperator, DataprocSubmitJobOperator
from airflow.sdk import DAG

HOUR = timedelta(hours=1)
JOB = {"project_id": "p", "region": "r"}

with DAG("bounded", schedule=None, dagrun_timeout=HOUR):
    DataprocSubmitJobOperator(task_id="within_the_run", **JOB, job={})
with DAG("d", schedule=None):
    DataprocSubmitJobOperator(task_id="own", **JOB, job={}, execution_timeout=HOUR)
    GlueJobOperator(task_id="ends_after_two_days", job_name="x")
    DataprocCreateBatchOperator(
        task_id="by_the_job", **JOB, batch={"environment_config": {"execution_config": {"ttl": "3600s"}}}, batch_id="b"
    )
    steps = EmrAddStepsOperator(task_id="by_the_sensor", job_flow_id="j", steps=[])
    steps >> EmrStepSensor(task_id="sensor", job_flow_id="j", step_id="s", timeout=3600)
    DataprocSubmitJobOperator(task_id="dataproc", **JOB, job={})  # flag
    DataprocCreateBatchOperator(task_id="ends_after_four_hours", **JOB, batch={}, batch_id="b")
    DataprocCreateBatchOperator(task_id="new", **JOB, batch={"runtime_config": {"version": "2.2"}}, batch_id="b")
    DataprocCreateBatchOperator(task_id="old", **JOB, batch={"runtime_config": {"version": "1.1"}}, batch_id="b")  # flag
    BatchOperator(task_id="aws_batch", job_name="a", job_definition="b", job_queue="c")  # flag
    week = EmrAddStepsOperator(task_id="sensor_of_a_week", job_flow_id="j", steps=[])  # flag
    week >> EmrStepSensor(task_id="default", job_flow_id="j", step_id="s")
