"""A DAG of ours loaded, and its task run, before the forks, in the process that they are forked from.

What is done for a DAG file and for a task is for the most part the same for every one. What Python and the libraries
remember of it they remember in all forks then: specialised bytecode, what was worked out of annotations, patterns. A
fork neither does it again nor writes to the memory that it is in. No code of the repository runs here, nor of its
plugins; nobody is asked anything, and all that the run leaves elsewhere is put back.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import structlog
from airflow.sdk.execution_time import supervisor as supervision

from pytest_dagguard.model.attempt import AttemptSpec
from pytest_dagguard.stage import describe
from pytest_dagguard.stage.compat import client, dagbag, sdk
from pytest_dagguard.stage.loopback import Asked, Headers, Loopback

_OFTEN = 10
"""Python specialises what it has run eight times."""

_PLUGINS = (
    "airflow.plugins_manager",
    "airflow.sdk.plugins_manager",
    "airflow.listeners.listener",
    "airflow.sdk.listener",
    "airflow.sdk.execution_time.task_runner",
)
"""Modules that keep what they have made of plugins."""

_DAG = "dagguard_rehearsal"
_NOW = "2024-01-01T00:00:00Z"
_FILE = f'''\
"""A DAG with a task."""

from datetime import datetime

from airflow.sdk import dag, task


@dag(schedule="30 3 * * *", start_date=datetime(2024, 1, 1))
def {_DAG}():
    @task
    def warm(day):
        return [day]

    warm("{{{{ ds }}}}")


{_DAG}()
'''


class _Nobody(Loopback):
    """Answers as the Execution API does where all goes well."""

    def ask(
        self, server: tuple[str, int], what: Asked, limits: Mapping[str, float | None]
    ) -> tuple[int, Headers, bytes]:
        """See :meth:`Loopback.ask`."""
        from airflow.sdk.api.datamodels._generated import DagRun  # an Airflow that has it elsewhere is served too

        _, target, _, _ = what
        if not target.endswith(b"/run"):
            return 204, [], b""
        run: dict[str, Any] = {
            "dag_id": _DAG,
            "run_id": "manual",
            "run_type": "manual",
            "state": "running",
            "consumed_asset_events": [],
            "partition_key": None,
            "end_date": None,
            **dict.fromkeys(
                ("logical_date", "data_interval_start", "data_interval_end", "run_after", "start_date"), _NOW
            ),
        }
        known = {name: value for name, value in run.items() if name in DagRun.model_fields}
        return 200, [(b"content-type", b"application/json")], json.dumps({"dag_run": known, "max_tries": 0}).encode()


def rehearse() -> str:
    """Run it. Where a version of Airflow has other parts, each task takes the time it takes.

    To be called where this process is there for nothing but its forks.

    :returns: the state that the task ended in, or what came in between
    """
    state = ""
    with tempfile.TemporaryDirectory(prefix="dagguard-") as folder, _put_back():
        path = Path(folder, f"{_DAG}.py")
        path.write_text(_FILE)
        _read_nothing()
        for _ in range(_OFTEN):
            try:
                state = _once(str(path))
            except BaseException as error:  # noqa: BLE001 - it was to save time, and does not
                return f"{type(error).__name__}: {error}"
            finally:
                for each in [each for each in sys.modules if each.startswith("unusual_prefix")]:
                    del sys.modules[each]
    return state


def _once(path: str) -> str:
    spec = AttemptSpec(
        actor="",
        file=path,
        dag_id=_DAG,
        task_id="warm",
        run_id="manual",
        logical_date=_NOW,
        ti_id=str(uuid.UUID(int=2)),
        try_number=1,
        endpoints=(("airflow", "http://127.0.0.1:1"),),
    )
    client.lend(_Nobody())
    made = dagbag.load(path)[0][_DAG]
    describe.dag(made, os.path.dirname(path), describe.lines(path))
    ending = sdk.execute(spec, lambda: made.task_dict["warm"])
    return ending.state if ending.error is None else repr(ending.error)


@contextlib.contextmanager
def _put_back() -> Iterator[None]:
    """Put back what a task's run changes in its process, and have loggers not be remembered."""
    variables, handler = dict(os.environ), signal.getsignal(signal.SIGTERM)
    remembers = structlog.get_config()["cache_logger_on_first_use"]
    structlog.configure(cache_logger_on_first_use=False)
    try:
        with (
            _without_plugins(),
            _changed(sdk, "_socket_for_programs", lambda _: contextlib.nullcontext()),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            yield
    finally:
        structlog.configure(cache_logger_on_first_use=remembers)
        signal.signal(signal.SIGTERM, handler)
        os.environ.clear()
        os.environ.update(variables)


@contextlib.contextmanager
def _without_plugins() -> Iterator[None]:
    """Have Airflow find no plugin meanwhile, and look for them in each fork: they are the repository's."""
    with contextlib.ExitStack() as changes:
        for name in _PLUGINS:
            module: Any = sys.modules.get(name)
            if module is None:
                continue
            changes.callback(_restore, module, dict(vars(module)))
            if hasattr(module, "_get_plugins"):
                module._get_plugins = lambda: ([], {})
            elif hasattr(module, "plugins"):  # before Airflow 3.2: found once, and kept
                module.plugins = []
        yield


def _restore(module: Any, before: dict[str, Any]) -> None:
    vars(module).update(before)
    for each in before.values():
        if hasattr(each, "cache_clear"):
            each.cache_clear()


@contextlib.contextmanager
def _changed(module: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)


def _read_nothing() -> None:
    """Make what reads the requests of a task's programs, which works out what they can be."""
    reader: Any = getattr(supervision, "length_prefixed_frame_reader", None)
    with contextlib.suppress(Exception):
        reader(iter([None]), lambda _: None)
