"""The sales report, built by a Glue job of which one run at a time is allowed. As it was mended."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.providers.amazon.aws.sensors.glue import GlueJobSensor
from airflow.sdk import dag, task

JOB = "build-sales-report"
GOING = ("STARTING", "RUNNING", "STOPPING", "WAITING")


def run_of(glue, day: str) -> str | None:
    """The run of this day that is under way or has succeeded."""
    for run in glue.get_job_runs(JobName=JOB)["JobRuns"]:
        if run.get("Arguments", {}).get("--day") == day and run["JobRunState"] in (*GOING, "SUCCEEDED"):
            return run["Id"]
    return None


@dag("sales_report", schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def sales_report():
    @task
    def submit(ds=None) -> str:
        glue = AwsBaseHook(client_type="glue").get_conn()
        run = run_of(glue, ds)
        if run is not None:
            return run
        try:
            return glue.start_job_run(JobName=JOB, Arguments={"--day": ds})["JobRunId"]
        except glue.exceptions.ConcurrentRunsExceededException:
            # another attempt of this task was quicker; where it is another day's run, the retry comes later
            run = run_of(glue, ds)
            if run is None:
                raise
            return run

    GlueJobSensor(
        task_id="build_report",
        job_name=JOB,
        run_id=submit(),
        mode="reschedule",
        poke_interval=60,
        timeout=6 * 3600,
    )


sales_report()
