"""Close of day: wait for the child DAG that settles the branches, then report. As it broke."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import dag, task


@dag("close_of_day", schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def close_of_day():
    settle = TriggerDagRunOperator(
        task_id="settle_branches",
        trigger_dag_id="settle_branches",
        conf={"day": "{{ ds }}"},
        wait_for_completion=True,
        poke_interval=60,
    )

    @task
    def report() -> None:
        """Tell the branches."""

    settle >> report()


close_of_day()
