"""What Airflow works out for each task from nothing but its own code, worked out before the forks.

No code of the repository runs here, nor of its plugins, and nothing stays but what Python and the libraries remember of
their own: compiled patterns, which class is a subclass of which, specialised bytecode.
"""

from __future__ import annotations

import contextlib
import functools
import uuid
from datetime import datetime, timezone
from typing import Any

import httpx
from airflow.sdk import DAG, task
from airflow.sdk.api.client import Client
from airflow.sdk.execution_time import task_runner

_OFTEN = 3  # from the second time on Python specialises what it runs
_NOW = datetime(2024, 1, 1, tzinfo=timezone.utc)


def remember() -> None:
    """Do it once. Where a version of Airflow has other parts, each task takes the time it takes."""
    if hasattr(task_runner, "TypeAdapter") and not hasattr(task_runner.TypeAdapter, "cache_info"):
        # the runner makes one of these, for the same type, for each templated field of a task: a millisecond each
        task_runner.TypeAdapter = functools.cache(task_runner.TypeAdapter)
    for part in (_make_task, _make_requests) * _OFTEN:
        with contextlib.suppress(Exception):
            part()


def _make_task() -> None:
    """Make a DAG with a task, and render its fields as before it runs."""
    with DAG("dagguard_warm", schedule=None, start_date=_NOW) as dag:

        @task
        def warm(day: Any) -> None: ...

        warm("{{ ds }}{% if ds %}{# #}{% endif %}")
    made = dag.get_task("warm").prepare_for_execution()
    made.render_template_fields({"ds": "2024-01-01"}, dag.get_template_env())
    task_runner._serialize_rendered_fields(made)


def _make_requests() -> None:
    """Have a client make the requests that each attempt makes, of nobody."""
    transport = httpx.MockTransport(lambda _: httpx.Response(204))
    client = Client(base_url="http://127.0.0.1:1/execution/", token="dagguard", trust_env=False, transport=transport)
    me = uuid.UUID(int=0)
    with contextlib.suppress(ValueError):  # there is no answer
        client.task_instances.start(me, 1, _NOW)
    client.task_instances.set_rtif(me, {"day": "2024-01-01"})
    client.task_instances.succeed(me, _NOW, [], [], None)
