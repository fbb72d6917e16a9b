"""Doing once, before any fork, what would otherwise be slow in each attempt."""

from __future__ import annotations

import contextlib
import gc
import importlib
import inspect
import sys
from collections.abc import Iterable

from pytest_dagguard.stage import boto, pages


def import_modules(names: Iterable[str]) -> None:
    """Import third-party modules that a first load pulled in; one that fails will fail in the attempt, visibly."""
    for name in names:
        if name not in sys.modules:
            with contextlib.suppress(BaseException):
                importlib.import_module(name)
    libraries()
    settle()


def libraries() -> None:
    """Have the libraries that are there read once what they would read for each client they make."""
    if "botocore.loaders" in sys.modules:
        boto.remember_files()
    # Amazon hooks look up the caller's module, which walks all modules unless that was done before
    inspect.getmodule(sys._getframe())


def settle() -> None:
    """Arrange what is there so that forks share it: out of the garbage collector's sight, and in huge pages."""
    gc.collect()
    gc.freeze()
    pages.gather()


def airflow() -> str:
    """Import the parts of Airflow that each attempt needs; returns Airflow's version."""
    from airflow import __version__

    from pytest_dagguard.stage.compat import client, dagbag, parse, sdk  # noqa: F401 - imported for the forks

    dagbag.load("/nonexistent.py")
    client.prepare()
    for name in (
        "airflow.sdk.definitions.decorators",
        "airflow.sdk.serde",
        "airflow.providers.standard.operators.python",
    ):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    return str(__version__)
