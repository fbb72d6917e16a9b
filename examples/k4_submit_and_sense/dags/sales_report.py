"""The sales report: one task submits the Glue job, a sensor polls it. As it was mended first."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.sdk import PokeReturnValue, dag, task

JOB = "build-sales-report"


@dag("sales_report", schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def sales_report():
    @task
    def submit(ds=None) -> str:
        glue = AwsBaseHook(client_type="glue").get_conn()
        # killed here, between the submit and the XCom, the retry submits once more
        return glue.start_job_run(JobName=JOB, Arguments={"--day": ds})["JobRunId"]

    @task.sensor(poke_interval=60, timeout=6 * 3600, mode="reschedule")
    def wait(run: str) -> PokeReturnValue:
        glue = AwsBaseHook(client_type="glue").get_conn()
        state = glue.get_job_run(JobName=JOB, RunId=run)["JobRun"]["JobRunState"]
        if state in ("FAILED", "STOPPED", "TIMEOUT", "ERROR"):
            raise RuntimeError(f"{JOB} {run} ended {state}")
        return PokeReturnValue(is_done=state == "SUCCEEDED")

    wait(submit())


sales_report()
