#: loaded = true
from airflow.providers.amazon.aws.operators.eks import EksCreateClusterOperator, EksDeleteClusterOperator
from airflow.providers.amazon.aws.operators.emr import (
    EmrAddStepsOperator,
    EmrCreateJobFlowOperator,
    EmrTerminateJobFlowOperator,
)
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.operators.step_function import StepFunctionStartExecutionOperator
from airflow.providers.amazon.aws.sensors.emr import EmrStepSensor
from airflow.providers.amazon.aws.sensors.glue import GlueJobSensor
from airflow.providers.cncf.kubernetes.operators.job import KubernetesJobOperator
from airflow.providers.google.cloud.operators.dataproc import DataprocCancelOperationOperator, DataprocSubmitJobOperator
from airflow.providers.google.cloud.operators.workflows import WorkflowsCreateExecutionOperator
from airflow.providers.google.cloud.sensors.workflows import WorkflowExecutionSensor
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import DAG, task


class OurGlueJob(GlueJobOperator):
    """Sets the switch for all who use it."""

    def __init__(self, **arguments):
        super().__init__(**{"wait_for_completion": False, **arguments})


STEPS = {"job_flow_id": "j-1", "steps": []}
BATCH = {"project_id": "p", "region": "r", "job": {}}

with DAG("near_misses", schedule=None):
    GlueJobOperator(task_id="waits", job_name="x")
    EmrAddStepsOperator(task_id="told_to_wait", **STEPS, wait_for_completion=True)
    EmrAddStepsOperator(task_id="deferred", **STEPS, deferrable=True)
    DataprocSubmitJobOperator(task_id="not_asynchronous", **BATCH)
    StepFunctionStartExecutionOperator(task_id="state_machine_deferred", state_machine_arn="x", deferrable=True)

    steps = EmrAddStepsOperator(task_id="sensed", **STEPS)
    steps >> EmrStepSensor(task_id="sensor", job_flow_id="j-1", step_id="{{ 1 }}", timeout=60)

    flow = EmrCreateJobFlowOperator(task_id="flow", job_flow_overrides={})
    added = EmrAddStepsOperator(task_id="sensed_later", **STEPS)
    done = EmrStepSensor(task_id="far_sensor", job_flow_id="j-1", step_id="x", timeout=60)
    flow >> added >> done >> EmrTerminateJobFlowOperator(task_id="terminate", job_flow_id="j-1")

    run = GlueJobOperator(task_id="polled", job_name="x", wait_for_completion=False)
    run >> PythonSensor(task_id="polls", python_callable=lambda: True, timeout=60)

    @task
    def verify(run_id): ...

    verify(GlueJobOperator(task_id="verified", job_name="x", wait_for_completion=False).output)

    cancelled = DataprocSubmitJobOperator(task_id="cancelled", **BATCH, asynchronous=True)
    cancelled >> DataprocCancelOperationOperator(task_id="cancels", operation_name="x", region="r")

    EksCreateClusterOperator(
        task_id="set_up", cluster_name="c", cluster_role_arn="r", resources_vpc_config={}, compute=None
    )
    EksDeleteClusterOperator(task_id="take_down", cluster_name="c")
    TriggerDagRunOperator(task_id="child", trigger_dag_id="flagged")
    execution = WorkflowsCreateExecutionOperator(
        task_id="execution", project_id="p", location="l", workflow_id="w", execution={}
    )
    execution >> WorkflowExecutionSensor(
        task_id="execution_sensor", project_id="p", location="l", workflow_id="w", execution_id="e", timeout=60
    )

with DAG("flagged", schedule=None):
    GlueJobOperator(task_id="off", job_name="x", wait_for_completion=False)  # flag
    OurGlueJob(task_id="by_subclass", job_name="x")  # flag
    EmrAddStepsOperator(task_id="by_default", **STEPS)  # flag
    leaves = EmrAddStepsOperator(task_id="cluster_ends_before_it", **STEPS)  # flag
    leaves >> EmrTerminateJobFlowOperator(task_id="terminates", job_flow_id="j-1")
    EmrCreateJobFlowOperator(task_id="job_flow", job_flow_overrides={})  # flag
    DataprocSubmitJobOperator(task_id="asynchronous", **BATCH, asynchronous=True)  # flag
    StepFunctionStartExecutionOperator(task_id="state_machine", state_machine_arn="x")  # flag
    KubernetesJobOperator(task_id="kubernetes_job", image="a:1")  # flag
    WorkflowsCreateExecutionOperator(task_id="w", project_id="p", location="l", workflow_id="w", execution={})  # flag

    before = GlueJobSensor(task_id="sensor_before", job_name="x", run_id="y", timeout=60)
    before >> GlueJobOperator(task_id="after_a_sensor", job_name="x", wait_for_completion=False)  # flag

    timed = GlueJobOperator(task_id="timed", job_name="x", wait_for_completion=False)  # flag
    timed >> TimeDeltaSensor(task_id="hopes", delta=__import__("datetime").timedelta(hours=1), timeout=60)
