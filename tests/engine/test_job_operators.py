"""Operators that submit a job: what a retry makes of it when the task was killed after the submit, or while it polled.

The table in the README is made of this; ``UPDATE_EXPECTED=1`` writes the rows anew that this test has run.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from laboratory import Laboratory
from pytest_dagguard.engine.experiment import carry_out
from pytest_dagguard.engine.walk import Baseline
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Elapse, Kill, Point, Run, Step
from pytest_dagguard.model.seed import Seed

README = Path(__file__).resolve().parents[2] / "README.md"
LATER = 60.0
"""Seconds after the kill at which the retry comes."""
SEED = Seed(
    s3={"inputs": {"day/a.csv": b"1\n"}, "outputs": {}, "models": {}},
    connections={"google_cloud_default": {"conn_type": "google_cloud_platform"}},
)

FILE = """
    from airflow.providers.amazon.aws.operators.athena import AthenaOperator
    from airflow.providers.amazon.aws.operators.batch import BatchOperator
    from airflow.providers.amazon.aws.operators.ecs import EcsRunTaskOperator
    from airflow.providers.amazon.aws.operators.emr import (
        EmrAddStepsOperator,
        EmrCreateJobFlowOperator,
        EmrServerlessStartJobOperator,
    )
    from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
    from airflow.providers.amazon.aws.operators.lambda_function import (
        LambdaCreateFunctionOperator,
        LambdaInvokeFunctionOperator,
    )
    from airflow.providers.amazon.aws.operators.sagemaker import (
        SageMakerProcessingOperator,
        SageMakerTrainingOperator,
        SageMakerTransformOperator,
    )
    from airflow.providers.amazon.aws.operators.step_function import StepFunctionStartExecutionOperator
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import DAG

    ROLE = "arn:aws:iam::123456789012:role/dagguard"
    STEP = {{"Name": "one", "ActionOnFailure": "CONTINUE", "HadoopJarStep": {{"Jar": "command-runner.jar"}}}}
    SIZE = {{"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}}
    PROCESSING = {{
        "ProcessingJobName": "day",
        "ProcessingResources": {{"ClusterConfig": SIZE}},
        "AppSpecification": {{"ImageUri": "image"}},
        "RoleArn": ROLE,
    }}
    TRAINING = {{
        "TrainingJobName": "day",
        "AlgorithmSpecification": {{"TrainingImage": "image", "TrainingInputMode": "File"}},
        "OutputDataConfig": {{"S3OutputPath": "s3://models/day"}},
        "ResourceConfig": SIZE,
        "StoppingCondition": {{"MaxRuntimeInSeconds": 3600}},
        "RoleArn": ROLE,
    }}
    TRANSFORM = {{
        "TransformJobName": "day",
        "ModelName": "model",
        "TransformInput": {{"DataSource": {{"S3DataSource": {{"S3DataType": "S3Prefix", "S3Uri": "s3://inputs/day"}}}}}},
        "TransformOutput": {{"S3OutputPath": "s3://outputs/day"}},
        "TransformResources": {{"InstanceCount": 1, "InstanceType": "ml.m5.large"}},
    }}
    MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:nightly"
    SPARK = {{"sparkSubmit": {{"entryPoint": "s3://code/job.py"}}}}
    EMR_SERVERLESS = {{"application_id": "00abc", "execution_role_arn": ROLE, "job_driver": SPARK}}
    LAMBDA = {{"function_name": "day", "role": ROLE, "code": {{"S3Bucket": "code", "S3Key": "day.zip"}}}}
    BATCH = {{"job_name": "nightly", "job_queue": "queue", "job_definition": "definition"}}
    ECS = {{"cluster": "cluster", "task_definition": "family", "overrides": {{}}}}

    with DAG("d", schedule=None, default_args={{"retries": 1}}):
        {operator}({arguments}, task_id="t")
"""


GOOGLE = """
    from airflow.providers.google.cloud.operators.dataflow import (
        DataflowStartFlexTemplateOperator,
        DataflowTemplatedJobStartOperator,
    )
    from airflow.providers.google.cloud.operators.dataproc import (
        DataprocCreateBatchOperator,
        DataprocCreateClusterOperator,
        DataprocInstantiateInlineWorkflowTemplateOperator,
        DataprocInstantiateWorkflowTemplateOperator,
        DataprocSubmitJobOperator,
    )
    from airflow.sdk import DAG

    PLACE = {{"project_id": "p", "region": "europe-west1"}}
    PROGRAM = {{"main_python_file_uri": "gs://code/day.py"}}
    JOB = {{"placement": {{"cluster_name": "c"}}, "pyspark_job": PROGRAM}}
    BATCH = {{"pyspark_batch": PROGRAM}}
    TEMPLATE = {{"id": "nightly", "jobs": [{{"step_id": "day", "pyspark_job": PROGRAM}}]}}
    FLEX = {{"launchParameter": {{"jobName": "day", "containerSpecGcsPath": "gs://templates/day"}}}}
    TEMPLATED = {{"template": "gs://templates/day", "job_name": "day", "location": "europe-west1"}}

    with DAG("d", schedule=None, default_args={{"retries": 1}}):
        {operator}({arguments}, task_id="t")
"""


@dataclass(frozen=True)
class Row:
    """An operator, with its default arguments and the least that it needs.

    :param lever: what is given beyond that, so that a retry finds the job of its first try
    :param submit: the request that starts the job
    :param poll: the one by which the task waits, empty where it does not
    :param waits: where it does not poll: what it does instead
    """

    operator: str
    arguments: str
    submit: str
    poll: str = ""
    lever: str = ""
    waits: str = "does not wait"

    @property
    def name(self) -> str:
        with_lever = f", {self.lever}" if self.lever else ""
        return f"`{self.operator}`{with_lever}"

    @property
    def source(self) -> str:
        given = self.arguments + (f", {self.lever.strip('`')}" if self.lever else "")
        file = GOOGLE if self.operator.startswith("Data") else FILE
        return file.format(operator=self.operator, arguments=given)


NAMED = '{"reference": {"job_id": "day"}, **JOB}'

ROWS = (
    Row("GlueJobOperator", 'job_name="any"', "StartJobRun", "GetJobRun"),
    Row("GlueJobOperator", 'job_name="any"', "StartJobRun", "GetJobRun", "`durable=False`"),
    Row("EmrAddStepsOperator", 'job_flow_id="j-ABC", steps=[STEP]', "AddJobFlowSteps"),
    Row("EmrCreateJobFlowOperator", 'job_flow_overrides={"Name": "c", "Instances": {}, "Steps": [STEP]}', "RunJobFlow"),
    Row("EmrServerlessStartJobOperator", "**EMR_SERVERLESS", "StartJobRun", "GetJobRun"),
    Row(
        "EmrServerlessStartJobOperator", "**EMR_SERVERLESS", "StartJobRun", "GetJobRun", '`client_request_token="day"`'
    ),
    Row("BatchOperator", "**BATCH", "SubmitJob", "DescribeJobs"),
    Row("EcsRunTaskOperator", "**ECS", "RunTask", "DescribeTasks"),
    Row("EcsRunTaskOperator", "**ECS", "RunTask", "DescribeTasks", "`reattach=True`"),
    Row("StepFunctionStartExecutionOperator", "state_machine_arn=MACHINE", "StartExecution"),
    Row("StepFunctionStartExecutionOperator", "state_machine_arn=MACHINE", "StartExecution", "", '`name="day"`'),
    Row("AthenaOperator", 'query="INSERT INTO t SELECT 1", database="d"', "StartQueryExecution", "GetQueryExecution"),
    Row(
        "AthenaOperator",
        'query="INSERT INTO t SELECT 1", database="d"',
        "StartQueryExecution",
        "GetQueryExecution",
        '`client_request_token="day" * 11`',
    ),
    Row("SageMakerTrainingOperator", "config=TRAINING", "CreateTrainingJob", "DescribeTrainingJob"),
    Row("SageMakerProcessingOperator", "config=PROCESSING", "CreateProcessingJob", "DescribeProcessingJob"),
    Row(
        "SageMakerProcessingOperator",
        "config=PROCESSING",
        "CreateProcessingJob",
        "DescribeProcessingJob",
        '`action_if_job_exists="fail"`',
    ),
    Row("SageMakerTransformOperator", "config=TRANSFORM", "CreateTransformJob", "DescribeTransformJob"),
    Row("LambdaInvokeFunctionOperator", 'function_name="day"', "Invoke", waits="waits in the call itself"),
    Row("LambdaInvokeFunctionOperator", 'function_name="day"', "Invoke", lever='`invocation_type="Event"`'),
    Row("LambdaCreateFunctionOperator", "**LAMBDA", "CreateFunction"),
    Row("TriggerDagRunOperator", 'trigger_dag_id="child"', "dagrun.trigger"),
    Row(
        "TriggerDagRunOperator",
        'trigger_dag_id="child"',
        "dagrun.trigger",
        "dagrun.state",
        "`wait_for_completion=True`",
    ),
    Row("DataprocSubmitJobOperator", "job=JOB, **PLACE", "jobs.submit", "jobs.get"),
    Row("DataprocSubmitJobOperator", "job=JOB, **PLACE", "jobs.submit", "jobs.get", "`deferrable=True`"),
    Row("DataprocSubmitJobOperator", "job=JOB, **PLACE", "jobs.submit", "", "`asynchronous=True`"),
    Row("DataprocSubmitJobOperator", "job=JOB, **PLACE", "jobs.submit", "jobs.get", '`request_id="day"`'),
    Row("DataprocSubmitJobOperator", "**PLACE", "jobs.submit", "jobs.get", f"`job={NAMED}`"),
    Row("DataprocCreateBatchOperator", "batch=BATCH, **PLACE", "batches.create", "batches.get"),
    Row("DataprocCreateBatchOperator", "batch=BATCH, **PLACE", "batches.create", "batches.get", '`batch_id="day-1"`'),
    Row("DataprocCreateBatchOperator", "batch=BATCH, **PLACE", "batches.create", "batches.get", '`request_id="day"`'),
    Row(
        "DataprocInstantiateWorkflowTemplateOperator",
        'template_id="nightly", **PLACE',
        "workflowTemplates.instantiate",
        "operations.get",
    ),
    Row(
        "DataprocInstantiateWorkflowTemplateOperator",
        'template_id="nightly", **PLACE',
        "workflowTemplates.instantiate",
        "operations.get",
        '`request_id="day"`',
    ),
    Row(
        "DataprocInstantiateInlineWorkflowTemplateOperator",
        "template=TEMPLATE, **PLACE",
        "workflowTemplates.instantiateInline",
        "operations.get",
    ),
    Row(
        "DataprocCreateClusterOperator",
        'cluster_name="c", cluster_config={}, **PLACE',
        "clusters.create",
        "operations.get",
    ),
    Row("DataflowTemplatedJobStartOperator", "**TEMPLATED", "templates.launch", "jobs.get"),
    Row("DataflowTemplatedJobStartOperator", "**TEMPLATED", "templates.launch", "jobs.get", "`deferrable=True`"),
    Row("DataflowTemplatedJobStartOperator", "**TEMPLATED", "templates.launch", "jobs.get", "`append_job_name=False`"),
    Row(
        "DataflowStartFlexTemplateOperator",
        'body=FLEX, location="europe-west1"',
        "flexTemplates.launch",
        "jobs.get",
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.operator}-{row.lever}" if row.lever else row.operator)
def test_what_a_retry_makes_of_the_job_is_as_the_table_says(lab: Laboratory, row: Row) -> None:
    path = lab.write(row.source)
    verdict = lab.check(path, "killed", seed=SEED)
    assert verdict.verdict != "inconclusive", verdict.reason
    baseline = next(walk for key, walk in lab._walks.items() if path in key).baseline("t")
    submitted = next(each for each in baseline.points if each.event.operation.verb == row.submit)
    cells = [_after_kill(lab, baseline, submitted)]
    if row.poll:
        polls = [each for each in baseline.points if each.event.operation.verb == row.poll]
        started = [each for each in polls if each.event.index > submitted.event.index]
        cells.append(_after_kill(lab, baseline, started[1]))
    else:
        cells.append(row.waits)
    found = ", ".join(sorted({f"`{each.cls}`" for each in verdict.findings}))
    line = f"| {row.name} | {' | '.join(cells)} | {verdict.verdict}{': ' if found else ''}{found} |"
    _update(row, line)
    assert line in README.read_text().splitlines()


def _after_kill(lab: Laboratory, baseline: Baseline, at: Point) -> str:
    """What comes of a retry while the job goes on, and after it has ended."""
    assert baseline.outcome is not None
    clean = _jobs(baseline.outcome)
    told = []
    for between in ((), (Elapse(),)):
        steps: tuple[Step, ...] = (Run(1, at.selector), Kill(1), *between, Run(2))
        outcome, _ = carry_out(lab.lab, baseline.subject, baseline.start, steps, (0.0, LATER), cleared=False, seed=3)
        assert not outcome.unreachable, outcome.unreachable
        told.append(_told(outcome, clean))
    beside, later = told
    return beside if beside == later else f"{beside} while it runs, {later} after it"


def _told(outcome: Outcome, clean: int) -> str:
    if not outcome.last.succeeded:
        return "cannot finish"
    assert _jobs(outcome) >= clean
    return "a second job" if _jobs(outcome) > clean else "the same job"


def _jobs(outcome: Outcome) -> int:
    return sum(name.startswith(("job://", "dagrun://")) and name not in outcome.before for name in outcome.after)


def test_the_table_has_these_rows_and_no_others() -> None:
    found = re.search(r"<!-- operators -->\n(.*?)\n<!-- /operators -->", README.read_text(), re.DOTALL)
    assert found
    names = [line.split(" | ")[0].removeprefix("| ") for line in found[1].splitlines()[2:]]
    if os.environ.get("UPDATE_EXPECTED"):
        return
    assert names == [row.name for row in ROWS]


def _update(row: Row, line: str) -> None:
    """Write a row, in the order in which the rows are here."""
    if not os.environ.get("UPDATE_EXPECTED"):
        return
    start, end = "<!-- operators -->\n", "\n<!-- /operators -->"
    before, rest = README.read_text().split(start)
    table, after = rest.split(end)
    head, lines = table.splitlines()[:2], table.splitlines()[2:]
    known = {each.split(" | ")[0].removeprefix("| "): each for each in lines}
    known[row.name] = line
    body = [known[each.name] for each in ROWS if each.name in known]
    README.write_text(before + start + "\n".join([*head, *body]) + end + after)
