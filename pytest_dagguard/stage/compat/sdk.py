"""Running one task instance with the Task SDK of Airflow 3, over our Execution API instead of a metadata database.

What a worker does is: a supervisor tells the API that the try starts, forks a task process, which loads the DAG file
and runs the task, and passes its requests on to the API. Here both halves are one process, as in Airflow's own
``run_task_in_process``; unlike there, the file is loaded after the start was granted, refused requests reach the task
as the error that a worker makes of them, and tasks that use asyncio can talk to the API too.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
import uuid
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timezone
from typing import Any

import psutil
import structlog
from airflow.sdk.api.client import ServerResponseError
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import supervisor as supervision
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import ErrorResponse

from pytest_dagguard.isolation import waits
from pytest_dagguard.model.attempt import AttemptSpec
from pytest_dagguard.stage.compat import indexes
from pytest_dagguard.stage.compat.client import connect
from pytest_dagguard.stage.compat.ending import Ending, Refused

try:
    from airflow.sdk.api.datamodels._generated import TaskInstance
except ImportError:  # pragma: no cover - Airflow 3.0
    from airflow.sdk.execution_time.comms import TaskInstance


AIRFLOW_30 = not hasattr(supervision.InProcessTestSupervisor, "_setup_subprocess_socket")
"""Airflow 3.0's supervisor opens no socket for the programs of a task."""


class Comms:
    """What the task side calls the supervisor with; the supervisor is in the same process."""

    def __init__(self, log: Any) -> None:
        self.supervisor: Any = None
        self.messages: deque[Any] = deque()
        self._log = log
        self._lock = threading.RLock()
        self._busy = False
        self._numbered = "req_id" in inspect.signature(supervision.ActivitySubprocess._handle_request).parameters

    def send(self, msg: Any) -> Any:
        """Ask the supervisor and return its answer.

        :raises AirflowRuntimeError: the API refused, as in a worker
        """
        with self._lock:
            if self._busy:
                # Handling a message may mask secrets, which in a process that has both halves asks for it once more
                return None
            self._busy = True
            try:
                self.supervisor._handle_request(msg, self._log, *((0,) if self._numbered else ()))
            except ServerResponseError as refused:
                detail = {
                    "status_code": refused.response.status_code,
                    "message": str(refused),
                    "detail": refused.detail,
                }
                raise AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail=detail)) from refused
            finally:
                self._busy = False
            return _parsed(self.messages.popleft()) if self.messages else None

    async def asend(self, msg: Any) -> Any:
        """:meth:`send` for coroutines."""
        return await asyncio.to_thread(self.send, msg)


def _parsed(answer: Any) -> Any:
    """An answer as it is when it has gone to another process: Airflow 3.0 leaves moments in it as text until then."""
    if AIRFLOW_30 and hasattr(answer, "model_dump"):
        return type(answer).model_validate(answer.model_dump(exclude_unset=True))
    return answer


def execute(spec: AttemptSpec, load_task: Callable[[], Any]) -> Ending:
    """Run one try of one task instance, from its start at the API to its reported end.

    :param load_task: gives the task; called once the start is granted, as a worker loads the DAG file then
    :raises Refused: the API did not let it start
    """
    log = structlog.get_logger(logger_name="task")
    what = task_instance(spec)
    comms = Comms(log)
    client = connect(dict(spec.endpoints)["airflow"])
    supervisor = supervision.InProcessTestSupervisor(
        id=what.id, pid=os.getpid(), process=psutil.Process(), process_log=log, client=client
    )
    supervisor.comms = comms
    comms.supervisor = supervisor
    with supervision.set_supervisor_comms(comms):
        supervisor.ti = what
        started = datetime.now(tz=timezone.utc)
        try:
            context_from_server = client.task_instances.start(what.id, os.getpid(), started)
        except Exception as refused:
            if isinstance(refused, ServerResponseError) or type(refused).__name__ == "TaskAlreadyRunningError":
                raise Refused(str(refused)) from refused
            raise
        instance = task_runner.RuntimeTaskInstance.model_construct(
            **what.model_dump(exclude_unset=True),
            task=load_task(),
            _ti_context_from_server=context_from_server,
            max_tries=context_from_server.max_tries,
            start_date=getattr(context_from_server, "start_date", None) or started,
            state=task_runner.TaskInstanceState.RUNNING,
        )
        before = set(threading.enumerate())
        with _socket_for_programs(supervisor):
            waits.mark_own(set(threading.enumerate()) - before)
            indexes.add(instance)
            context = instance.get_template_context()
            state, _, error = task_runner.run(instance, context, log)
            context["exception"] = error
            task_runner.finalize(instance, state, context, log, error)
            supervisor.update_task_state_if_needed()
    return Ending(str(getattr(state, "value", state)), error)


def _socket_for_programs(supervisor: Any) -> AbstractContextManager[Any]:
    """What the programs of a task, such as those of a virtual environment, ask Airflow by; Airflow 3.0 has none."""
    opens: Callable[[], AbstractContextManager[Any]] = (
        nullcontext if AIRFLOW_30 else supervisor._setup_subprocess_socket
    )
    return opens()


def task_instance(spec: AttemptSpec) -> Any:
    """The task instance as a worker is handed it."""
    fields: dict[str, Any] = {
        "id": uuid.UUID(spec.ti_id),
        "dag_id": spec.dag_id,
        "task_id": spec.task_id,
        "run_id": spec.run_id,
        "try_number": spec.try_number,
        "map_index": spec.map_index,
        "dag_version_id": uuid.UUID(int=1),
    }
    return TaskInstance(**{key: value for key, value in fields.items() if key in TaskInstance.model_fields})
