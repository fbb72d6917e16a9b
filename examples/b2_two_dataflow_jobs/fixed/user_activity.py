"""What people watched yesterday, as training data for the recommender; written by one Dataflow job for each day."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from airflow.providers.google.cloud.hooks.dataflow import DataflowHook
from airflow.sdk import dag, task
from googleapiclient.errors import HttpError

PLACE = {"projectId": "datalab", "location": "europe-west1"}
TEMPLATE = "gs://datalab-templates/user-activity"
DONE, LOST = "JOB_STATE_DONE", ("JOB_STATE_FAILED", "JOB_STATE_CANCELLED")


@dag(
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10), "execution_timeout": timedelta(hours=3)},
    tags=["recommender"],
)
def user_activity():
    @task
    def write_training_data(ds: str, ds_nodash: str) -> None:
        """Take up the job of the day where there is one, such as that of a try that was killed; start it if not."""
        projects = DataflowHook().get_conn().projects().locations()
        name = f"user-activity-{ds_nodash}"

        def job_of_the_day() -> dict | None:
            found = projects.jobs().list(**PLACE, name=name).execute().get("jobs", [])
            return next((each for each in found if each["currentState"] not in LOST), None)

        if job_of_the_day() is None:
            environment = {"machineType": "n1-standard-4", "maxWorkers": 20, "diskSizeGb": 250}
            body = {"jobName": name, "parameters": {"day": ds}, "environment": environment}
            try:
                projects.templates().launch(**PLACE, gcsPath=TEMPLATE, body=body).execute()
            except HttpError as refused:
                if refused.resp.status != 409:  # another try was faster: the name is taken
                    raise
        while job := job_of_the_day():
            if job["currentState"] == DONE:
                return
            time.sleep(60)
        raise RuntimeError(f"the job {name} has failed; the next try starts it anew")

    write_training_data()


user_activity()
