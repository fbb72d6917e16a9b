"""Airflow's own Execution API on a temporary SQLite database, as a script: steps as JSON on stdin, outcomes on stdout.

Run in a process of its own (by ``airflow_process.py``), because importing Airflow's server is not something that other
tests should find done. The working folder becomes AIRFLOW_HOME.

A step is ``["command", name, payload]``, with the meaning that ``pytest_dagguard.cloud.airflow_control`` gives it, or
``["request", method, path, query, body, version]``. Its outcome is null, or ``[status, body, content-range]``, the body
in a list of its own, which is empty where there was none.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

DAGS = """
from airflow.sdk import DAG, Asset, AssetAlias, TaskGroup
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("alpha", schedule=None, default_args={"retries": 2}):
    EmptyOperator(task_id="extract")
    EmptyOperator(task_id="transform")
    EmptyOperator(task_id="load", outlets=[Asset("out", "s3://bucket/out"), AssetAlias("alias")])
    EmptyOperator(task_id="once", retries=0)
    EmptyOperator(task_id="many")
    with TaskGroup("group"):
        EmptyOperator(task_id="one")
        EmptyOperator(task_id="two")

with DAG("child", schedule=None):
    EmptyOperator(task_id="only")
"""


def prepare() -> None:
    """Configure Airflow for this process, before anything of it is imported."""
    home = Path.cwd()
    (home / "dags").mkdir(exist_ok=True)
    (home / "dags" / "alpha.py").write_text(DAGS)
    os.environ.update(
        AIRFLOW_HOME=str(home),
        AIRFLOW__CORE__DAGS_FOLDER=str(home / "dags"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__UNIT_TEST_MODE="False",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home}/airflow.db",
        AIRFLOW__LOGGING__LOGGING_LEVEL="CRITICAL",
        AIRFLOW__API__EXPOSE_STACKTRACE="False",
        AIRFLOW__API_AUTH__JWT_SECRET="not-a-secret",  # before 3.3 an application that is started asks for one
    )


def routes() -> list[list[str]]:
    """Method and path of each route, of the latest version of the API and of those that only older ones have."""
    from airflow.api_fastapi.execution_api.app import InProcessExecutionAPI
    from fastapi.testclient import TestClient

    app = InProcessExecutionAPI().app
    found = set()
    with TestClient(app):  # its routers are filled when it starts
        for router in app.router.versioned_routers.values():
            for route in router.routes:
                for method in getattr(route, "methods", None) or ():
                    found.add((method, route.path))
    return [list(each) for each in sorted(found)]


def create_database() -> None:
    """Tables straight from the models, the DAGs above, and a connection."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.models import Connection, import_all_models
    from airflow.models.base import Base
    from airflow.settings import engine
    from airflow.utils.db import synchronize_log_template
    from airflow.utils.session import create_session

    import_all_models()
    Base.metadata.create_all(engine)
    manager = DagBundlesManager()
    manager.sync_bundles_to_db()
    for bundle in manager.get_all_dag_bundles():
        bundle.initialize()
        store_dags(bundle)
    with create_session() as session:
        synchronize_log_template(session=session)
        session.add(Connection(conn_id="shop", conn_type="http", host="shop.example", port=8080, extra='{"a": 1}'))
        session.add(Connection(conn_id="bare", conn_type="generic"))


def store_dags(bundle: Any) -> None:
    """Load the DAGs of a bundle and store them, as the DAG processor does."""
    try:
        from airflow.dag_processing import dagbag

        bag = dagbag.BundleDagBag(dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
    except ImportError:  # before Airflow 3.2
        from airflow.models import dagbag

        bag = dagbag.DagBag(dag_folder=bundle.path, include_examples=False)
    assert not bag.import_errors, bag.import_errors
    if hasattr(dagbag, "sync_bag_to_db"):
        dagbag.sync_bag_to_db(bag, bundle.name, bundle.version)
    else:  # Airflow 3.0
        bag.sync_to_db(bundle.name, bundle.version)


def stored_dag(dag_id: str, session: Any) -> Any:
    """A DAG as the database has it."""
    from airflow.models import dagbag

    if hasattr(dagbag, "DBDagBag"):
        return dagbag.DBDagBag().get_latest_version_of_dag(dag_id, session=session)
    return dagbag.DagBag(read_dags_from_db=True).get_dag(dag_id, session=session)  # Airflow 3.0


def dag_run(payload: dict[str, Any]) -> None:
    """Create a run with its task instances, or change the state of one."""
    from datetime import datetime

    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType
    from sqlalchemy import select

    with create_session() as session:
        known = session.scalar(
            select(DagRun).where(DagRun.dag_id == payload["dag_id"], DagRun.run_id == payload["run_id"])
        )
        if known is not None:
            known.state = payload["state"]
            return
        date = datetime.fromisoformat(payload["logical_date"])
        dag = stored_dag(payload["dag_id"], session)
        dag.create_dagrun(
            run_id=payload["run_id"],
            logical_date=date,
            data_interval=(date, date),
            run_after=date,
            start_date=date,
            conf=payload.get("conf", {}),
            run_type=DagRunType(payload.get("run_type", "manual")),
            triggered_by=DagRunTriggeredByType.TEST,
            state=DagRunState(payload.get("state", "running")),
            session=session,
        )


def find(session: Any, payload: dict[str, Any]) -> Any:
    """The live row of a task instance."""
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    return session.scalar(
        select(TaskInstance).where(
            TaskInstance.dag_id == payload["dag_id"],
            TaskInstance.run_id == payload["run_id"],
            TaskInstance.task_id == payload["task_id"],
            TaskInstance.map_index == payload.get("map_index", -1),
        )
    )


def queue(payload: dict[str, Any]) -> None:
    """What Airflow's clearing and its scheduler do to the row, with an id of our choice."""
    from airflow import __version__
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        row = find(session, payload)
        if row is None:
            plain = session.scalar(
                select(TaskInstance).where(
                    TaskInstance.dag_id == payload["dag_id"],
                    TaskInstance.run_id == payload["run_id"],
                    TaskInstance.task_id == payload["task_id"],
                )
            )
            row = mapped(session, plain, payload)
            session.add(row)
            if plain.map_index < 0:  # the scheduler replaces it when it expands the task
                session.delete(plain)
        ti_id = payload["ti_id"] if __version__ < "3.2" else UUID(payload["ti_id"])
        if row.id != ti_id:
            if row.state not in (None, "up_for_retry"):
                row.prepare_db_for_next_try(session)
            row.clear_next_method_args()
            row.id = ti_id
        row.state = "queued"
        row.try_number = payload["try_number"]
        row.max_tries = payload.get("max_tries", 0)


def mapped(session: Any, plain: Any, payload: dict[str, Any]) -> Any:
    """A row for one index of a task, beside the row that the run was created with."""
    from airflow.models.taskinstance import TaskInstance

    dag = stored_dag(payload["dag_id"], session)
    return TaskInstance(
        dag.get_task(payload["task_id"]),
        run_id=payload["run_id"],
        dag_version_id=plain.dag_version_id,
        map_index=payload["map_index"],
    )


def set_state(payload: dict[str, Any]) -> None:
    """Set the state of a task instance."""
    from airflow.utils.session import create_session

    with create_session() as session:
        find(session, payload).state = payload["state"]


COMMANDS = {"dag_run": dag_run, "queue": queue, "state": set_state}


def let_everybody_in() -> None:
    """InProcessExecutionAPI does so too, but only to the latest version of the API."""
    from fastapi import Request

    try:
        from airflow.api_fastapi.execution_api import security
    except ImportError:  # before Airflow 3.2
        from airflow.api_fastapi.execution_api import deps as security

    async def allow(self: Any, request: Any) -> Any:
        ti_id = request.path_params.get("task_instance_id", "00000000-0000-0000-0000-000000000000")
        claims = security.TIClaims(scope="execution") if hasattr(security, "TIClaims") else {}
        return security.TIToken(id=UUID(ti_id), claims=claims)

    allow.__annotations__ = {"request": Request}  # FastAPI goes by it
    security.JWTBearer.__call__ = allow


def play(steps: list[list[Any]]) -> list[Any]:
    """Do the steps and return their outcomes."""
    import httpx
    from airflow.api_fastapi.execution_api.app import InProcessExecutionAPI

    let_everybody_in()
    create_database()
    outcomes: list[Any] = []
    api = InProcessExecutionAPI()
    if not hasattr(api.app.state, "dag_bag"):  # Airflow 3.0 leaves that to the application around it
        from airflow.models.dagbag import DagBag

        api.app.state.dag_bag = DagBag(read_dags_from_db=True)
    with httpx.Client(transport=api.transport, base_url="http://airflow") as client:
        for kind, *rest in steps:
            if kind == "command":
                name, payload = rest
                if name in COMMANDS:
                    COMMANDS[name](payload)
                outcomes.append(None)
                continue
            method, path, query, body, version = rest
            content = None if body is None else json.dumps(body)
            headers = {"airflow-api-version": version, "content-type": "application/json"}
            answer = client.request(method, path, params=query, content=content, headers=headers)
            data = [answer.json()] if answer.content and method != "HEAD" else []
            outcomes.append([answer.status_code, data, answer.headers.get("content-range")])
    return outcomes


def main() -> None:
    """Read what to do, do it, print the outcome as the last line."""
    prepare()
    asked = json.load(sys.stdin)
    outcome = routes() if asked == "routes" else play(asked)
    print("\n" + json.dumps(outcome))


if __name__ == "__main__":
    main()
