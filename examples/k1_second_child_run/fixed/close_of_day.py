"""Close of day: start the child DAG that settles the branches, wait for it, then report. As it was mended."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import dag, task


@dag("close_of_day", schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def close_of_day():
    settle = TriggerDagRunOperator(
        task_id="settle_branches",
        trigger_dag_id="settle_branches",
        conf={"day": "{{ ds }}"},
        # one run for one day: a retry meets the run of its first try instead of starting another
        trigger_run_id="close_of_day__{{ ds }}",
        logical_date="{{ logical_date }}",
        skip_when_already_exists=True,
    )
    wait = ExternalTaskSensor(
        task_id="wait_for_branches",
        external_dag_id="settle_branches",
        allowed_states=["success"],
        failed_states=["failed"],
        mode="reschedule",
        poke_interval=60,
        timeout=6 * 3600,
        # the task before it skips itself where the run is there already
        trigger_rule="none_failed",
    )

    @task
    def report() -> None:
        """Tell the branches."""

    settle >> wait >> report()


close_of_day()
