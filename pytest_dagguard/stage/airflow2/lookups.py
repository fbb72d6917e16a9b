"""What a task looks up by Airflow's own functions: runs of DAGs, and the task instances of a run of its own DAG.

The rows are fetched from the cloud into the attempt's own database, where Airflow's function then finds them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from airflow import settings
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance

from pytest_dagguard.stage.airflow2 import guard, rows
from pytest_dagguard.stage.airflow2.api import Api


def install(api: Api, task: Any) -> None:
    """Have this process find runs and task instances in the cloud.

    :param task: whose attempt this is
    """
    find, one, several = DagRun.find, DagRun.fetch_task_instance, DagRun.fetch_task_instances

    def find_runs(cls: Any, dag_id: Any = None, *arguments: Any, **named: Any) -> Any:
        dag_ids = [dag_id] if isinstance(dag_id, str) else list(dag_id or ())
        if not dag_ids:
            raise api.unmapped("runs of any DAG")
        place_runs(_session(named), api, dag_ids)
        return find(dag_id, *arguments, **named)

    def fetching(fetch: Callable[..., Any], names: tuple[str, str]) -> Callable[..., Any]:
        def fetch_instances(*arguments: Any, **named: Any) -> Any:
            if not guard.is_asked_by_airflow(sys._getframe(1)):
                given = {**dict(zip(names, arguments, strict=False)), **named}
                _place_instances(_session(named), api, task, given.get(names[0]), given.get(names[1]))
            return fetch(*arguments, **named)

        return fetch_instances

    DagRun.find = classmethod(find_runs)
    DagRun.fetch_task_instance = staticmethod(fetching(one, ("dag_id", "dag_run_id")))
    DagRun.fetch_task_instances = staticmethod(fetching(several, ("dag_id", "run_id")))


def _session(named: dict[str, Any]) -> Any:
    return named.get("session") or settings.Session()


def place_runs(session: Any, api: Api, dag_ids: list[str]) -> None:
    """Have the local database hold all runs of some DAGs."""
    for each in api.ask("GET", "metadata-database/dag-runs", dag_id=dag_ids):
        fresh = rows.run(each)
        known = session.query(DagRun).filter_by(dag_id=fresh.dag_id, run_id=fresh.run_id).one_or_none()
        if known is None:
            session.add(fresh)
        elif known.state != fresh.state:
            known._state = fresh._state  # without what Airflow does to the dates of a run whose state it sets
            known.end_date = rows.moment(each["end_date"])
    session.flush()


def _place_instances(session: Any, api: Api, task: Any, dag_id: Any, run_id: Any) -> None:
    if dag_id != task.dag_id or run_id is None:
        raise api.unmapped("task instances of another DAG")
    place_runs(session, api, [dag_id])
    for each in api.ask("GET", "metadata-database/task-instances", dag_id=dag_id, run_id=run_id):
        key = {"dag_id": dag_id, "run_id": run_id, "task_id": each["task_id"], "map_index": each["map_index"]}
        operator = task.dag.task_dict.get(each["task_id"])
        row = session.query(TaskInstance).filter_by(**key).one_or_none()
        if operator is None or (row is not None and row.state == "running"):  # the latter is the attempt itself
            continue
        if row is None:
            row = TaskInstance(operator, run_id=run_id, map_index=each["map_index"])
            session.add(row)
        row.state, row.try_number, row.max_tries = each["state"], each["try_number"], each["max_tries"]
        row.start_date, row.end_date = rows.moment(each["start_date"]), rows.moment(each["end_date"])
        row.duration = each["duration"]
    session.flush()
