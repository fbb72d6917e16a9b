"""Who may use the database of an attempt: Airflow's own code on the way of a task, and nobody else.

The database is made up for that code alone. What a task asks of it by itself (states of other tasks, its own queries)
would get an answer that no production gives, so it is refused, and told to the cloud by name.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

from sqlalchemy import event

from pytest_dagguard.stage.airflow2.api import Api

_BETWEEN = ("/sqlalchemy/", "/airflow/utils/session.py", "/airflow/api_internal/", "/contextlib.py", "<string>")
"""Code that stands between whoever asks and the database: parts of paths."""

_PASSES_ON = {
    "/airflow/models/dagrun.py": frozenset(
        {"fetch_task_instance", "fetch_task_instances", "find", "get_task_instance", "get_task_instances"}
    ),
    "/airflow/models/taskinstance.py": frozenset({"get_task_instance"}),
}
"""Functions that anybody may call, so that it matters who does: the end of a file's path -> functions."""

_WAY: dict[str, frozenset[str]] = {
    "/airflow/models/taskinstance.py": frozenset(
        {
            "_add_log",
            "_check_and_change_state_before_execution",
            "_defer_task",
            "_execute_task",
            "_get_template_context",
            "_handle_failure",
            "_handle_reschedule",
            "_merge_ti",
            "_record_task_map_for_downstreams",
            "_refresh_from_db",
            "_register_dataset_changes",
            "_run_raw_task",
            "_set_ti_attrs",
            "_update_rtif",
            "_xcom_pull",
            "fetch_handle_failure_context",
            "get_dagrun",
            "get_triggering_events",
            "refresh_from_db",
            "save_to_db",
        }
    ),
    "/airflow/models/dagrun.py": frozenset({"refresh_from_db"}),
    "/airflow/models/taskinstancehistory.py": frozenset({"record_ti"}),
    "/airflow/models/renderedtifields.py": frozenset({"write", "delete_old_records", "_do_delete_old_records"}),
    "/airflow/models/skipmixin.py": frozenset({"_skip", "_skip_all_except"}),
    "/airflow/models/xcom.py": frozenset({"get_many", "get_one"}),
    # in an email about a failure: what the session has of that failure is written then
    "/airflow/models/connection.py": frozenset({"get_connection_from_secrets"}),
    "/airflow/datasets/manager.py": frozenset({"register_dataset_change", "_queue_dagruns", "create_datasets"}),
    "/airflow/operators/trigger_dagrun.py": frozenset({"execute_complete"}),
    "/airflow/providers/standard/operators/trigger_dagrun.py": frozenset({"_trigger_dag_run_af_2_execute_complete"}),
    "/airflow/sensors/base.py": frozenset({"_orig_start_date"}),
    "/airflow/utils/db.py": frozenset(
        {"__len__", "__bool__", "__iter__", "__getitem__", "__eq__", "get_query_count", "check_query_exists"}
    ),
    "/airflow/utils/sqlalchemy.py": frozenset({"with_row_locks"}),
}
"""Where Airflow's own way goes: the end of a file's path -> functions."""

_OURS = "/pytest_dagguard/stage/airflow2/"

_WRITTEN = frozenset(
    {
        "dag_run",
        "dataset",
        "dataset_alias",
        "dataset_alias_dataset",
        "dataset_alias_dataset_event",
        "dataset_event",
        "log",
        "rendered_task_instance_fields",
        "task_fail",
        "task_instance",
        "task_instance_history",
        "task_map",
        "task_reschedule",
        "trigger",
        "xcom",
    }
)
"""What is written on that way. A task may have put a row of another kind into the session that it shares with it."""

_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+\"?(\w+)", re.IGNORECASE)


def install(engine: Any, api: Api) -> None:
    """Refuse what does not come from Airflow's own way, in this process."""

    def check(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        asks = _who(sys._getframe(1))
        found = _TABLE.search(statement)
        verb, table = statement.split(None, 1)[0].upper(), found[1] if found else ""
        known = asks is not None and (_OURS in asks.co_filename or _is_in(_WAY, asks))
        if not known or (verb != "SELECT" and table not in _WRITTEN):
            raise api.unmapped(f"{verb} {table}")

    event.listen(engine, "before_cursor_execute", check)


def is_asked_by_airflow(frame: FrameType) -> bool:
    """Say whether Airflow's own code on the way of a task asks, in or above a frame."""
    asks = _who(frame)
    return asks is not None and _is_in(_WAY, asks)


def _who(frame: FrameType | None) -> Any:
    """The code that asks, past what stands between."""
    while frame is not None:
        code = frame.f_code
        # a comprehension is a part of the function that it is in
        part = code.co_filename == __file__ or code.co_name in ("<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>")
        between = part or any(each in code.co_filename for each in _BETWEEN)
        if not between and not _is_in(_PASSES_ON, code):
            return code
        frame = frame.f_back
    return None


def _is_in(places: Mapping[str, frozenset[str]], code: Any) -> bool:
    return any(code.co_filename.endswith(end) and code.co_name in names for end, names in places.items())
