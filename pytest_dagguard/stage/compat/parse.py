"""What a DAG file may ask for while it loads: Variables, Connections and XComs, from our Execution API.

Airflow's DAG processor answers such requests over the same channel that a task has.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import structlog
from airflow.sdk.execution_time import supervisor as supervision

from pytest_dagguard.stage.compat.client import connect
from pytest_dagguard.stage.compat.sdk import Comms


@contextmanager
def connected(url: str, asked: Callable[[Any, Callable[[], Any]], Any]) -> Iterator[None]:
    """Have ``Variable.get`` and the like ask the Execution API at ``url`` within the block.

    :param asked: is given each request and what gets the answer, and returns the answer
    """
    log = structlog.get_logger(logger_name="processor")
    comms = _Told(log, asked)
    client = connect(url)
    comms.supervisor = supervision.InProcessTestSupervisor(
        id=uuid.uuid4(), pid=os.getpid(), process=psutil.Process(), process_log=log, client=client
    )
    comms.supervisor.comms = comms
    with supervision.set_supervisor_comms(comms):
        yield


class _Told(Comms):
    """Tells of each request."""

    def __init__(self, log: Any, asked: Callable[[Any, Callable[[], Any]], Any]) -> None:
        super().__init__(log)
        self._asked = asked

    def send(self, msg: Any) -> Any:
        """Ask the supervisor and return its answer."""
        return self._asked(msg, lambda: super(_Told, self).send(msg))
