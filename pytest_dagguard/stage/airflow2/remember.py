"""What Airflow 2 and SQLAlchemy work out for each task from nothing but their own code, worked out before the forks.

No code of the repository runs here, nor of its plugins, and nothing stays but what the libraries remember of their own:
how classes and tables belong together, and the text of each statement.
"""

from __future__ import annotations

import contextlib
import logging
from datetime import datetime, timezone
from typing import Any

from airflow import DAG
from airflow.models import taskinstance
from airflow.models.base import Base
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XCom
from airflow.operators.empty import EmptyOperator
from airflow.serialization.helpers import serialize_template_field
from airflow.utils import entry_points
from sqlalchemy.orm import configure_mappers

_NOW = datetime(2024, 1, 1, tzinfo=timezone.utc)
_WARM = "dagguard_warm"


def remember(engine: Any, new_session: Any) -> None:
    """Do it once; the database is empty again afterwards. Where something is not as expected, attempts take longer.

    :param engine: of the database
    :param new_session: gives a session on it
    """
    configure_mappers()
    with contextlib.suppress(Exception):
        entry_points._get_grouped_entry_points()
    macros, taskinstance.integrate_macros_plugins = taskinstance.integrate_macros_plugins, lambda: None
    logging.disable(logging.CRITICAL)
    session = new_session()
    try:
        with contextlib.suppress(Exception):
            _run(session)
    finally:
        session.rollback()
        session.close()
        logging.disable(logging.NOTSET)
        taskinstance.integrate_macros_plugins = macros
        with engine.begin() as connection:
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(table.delete())


def _run(session: Any) -> None:
    """Go the way of a task through the database, without running one."""
    with DAG(_WARM, schedule=None, start_date=_NOW) as dag:
        task = EmptyOperator(task_id=_WARM)
    session.add(
        DagRun(_WARM, _WARM, execution_date=_NOW, run_type="manual", state="running", data_interval=(_NOW, _NOW))
    )
    session.flush()
    session.add(TaskInstance(task, run_id=_WARM, state="queued"))
    session.commit()
    named = {"dag_id": _WARM, "task_id": _WARM, "run_id": _WARM, "map_index": -1}
    instance = session.query(TaskInstance).filter_by(**named).one()
    instance.task = task
    instance.check_and_change_state_before_execution(ignore_all_deps=True, ignore_ti_state=True, session=session)
    instance.refresh_from_db(session=session)
    context = instance.get_template_context(session=session)
    instance.clear_xcom_data(session=session)
    dag.get_template_env().from_string("{{ ds }}{% if ds %}{# #}{% endif %}").render(ds=context["ds"])
    taskinstance._update_rtif(ti=instance, rendered_fields={"a": serialize_template_field("a", "a")}, session=session)
    XCom.set(key="k", value=1, session=session, **named)
    instance.xcom_pull(task_ids=_WARM, key="k", session=session)
    instance.refresh_from_db(lock_for_update=True, session=session)
    instance.state = "success"
    taskinstance._add_log(event="success", task_instance=instance, session=session)
    TaskInstance.save_to_db(ti=instance, session=session)
