"""A DAG of ours is run before the forks, and nothing of it is left but what Python and the libraries remember."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog

from pytest_dagguard.stage.compat import client, engine, rehearse, sdk


def around() -> dict[str, Any]:
    """What a task's run might change in its process."""
    gc.collect()  # as the stage does before its first fork
    return {
        "environment": dict(os.environ),
        "threads": threading.enumerate(),
        "descriptors": len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0,
        "handlers": [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGSEGV)],
        "logging": structlog.get_config(),
        "output": (sys.stdout, sys.stderr),
        "folder": os.getcwd(),
        "loaded": [each for each in sys.modules if each.startswith("unusual_prefix")],
        "socket": sdk._socket_for_programs,
    }


@pytest.fixture
def prepared(in_child: Callable[[Callable[[], Any]], Any]) -> Callable[[Callable[[], Any]], Any]:
    """Runs a function in a fork that is prepared as the stage is."""

    def run(function: Callable[[], Any]) -> Any:
        def body() -> Any:
            engine.prepare()
            engine.block()
            return function()

        return in_child(body)

    return run


def test_the_task_succeeds_and_all_is_as_it_was(prepared: Any) -> None:
    def body() -> Any:
        rehearse.rehearse()  # imports what is imported once
        before = around()
        state = rehearse.rehearse()
        after = around()
        return state, [name for name in before if before[name] != after[name]]

    assert prepared(body) == ("success", [])


def test_plugins_are_neither_loaded_nor_known_not_to_be_there(prepared: Any, tmp_path: Path) -> None:
    plugin = tmp_path / "plugins" / "one.py"
    plugin.parent.mkdir()
    plugin.write_text("raise SystemExit('was loaded')")

    def body() -> Any:
        from airflow import settings

        settings.PLUGINS_FOLDER = str(plugin.parent)
        state = rehearse.rehearse()
        try:
            importlib.import_module(sdk.task_runner.get_listener_manager.__module__).get_listener_manager()
        except SystemExit as loaded:
            return state, str(loaded)

    assert prepared(body) == ("success", "was loaded")


def test_nobody_is_asked_and_the_client_of_the_forks_is_kept(prepared: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def body() -> Any:
        import socket

        def refuse(*_: Any) -> None:
            raise AssertionError("connects")

        socket.socket.connect = refuse  # type: ignore[method-assign,assignment]
        kept = list(client._made)
        return rehearse.rehearse(), client._made == kept

    assert prepared(body) == ("success", True)


def test_an_airflow_with_other_parts_is_served_without(prepared: Any) -> None:
    def body() -> Any:
        before = around()
        sdk.task_runner.run = lambda *_: 1 / 0
        said = rehearse.rehearse()
        after = around()
        return said, [name for name in before if before[name] != after[name]]

    assert prepared(body) == ("ZeroDivisionError: division by zero", [])
