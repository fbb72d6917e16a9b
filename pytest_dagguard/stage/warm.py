"""Doing once, before any fork, what would otherwise be slow in each attempt."""

from __future__ import annotations

import contextlib
import gc
import importlib
import inspect
import itertools
import linecache
import os
import sys
from collections.abc import Iterable
from types import FrameType, ModuleType

from pytest_dagguard.stage import abstract, boto


class NotServed(RuntimeError):
    """This version of Airflow is not served; the message says so to the user."""


def import_modules(names: Iterable[str]) -> None:
    """Import third-party modules that a first load pulled in; one that fails will fail in the attempt, visibly."""
    for name in names:
        if name not in sys.modules:
            with contextlib.suppress(BaseException):
                importlib.import_module(name)
    libraries()
    abstract.again()
    settle()


def libraries() -> None:
    """Have the libraries that are there read once what they would read for each client they make."""
    if "botocore.loaders" in sys.modules:
        boto.remember()
        boto.refill()
    if "airflow.triggers.base" in sys.modules:  # an operator that may defer itself
        from pytest_dagguard.stage.compat import engine

        with contextlib.suppress(ImportError):
            engine.prepare_triggers()
    know_modules()


def know_modules() -> None:
    """Have ``inspect`` know the modules by their files, and which files on the stack above us are of no module.

    Amazon hooks ask for the module of each frame on the stack. An answer that is not known takes a walk through all
    modules, each of which it touches, and whose page the kernel then copies: ten milliseconds.
    """
    inspect.getmodule(sys._getframe())
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if inspect.getmodule(frame) is None:
            # to be found under a name that no module has gives None, too, and at once
            name = frame.f_code.co_filename
            inspect.modulesbyfile[name] = name
        frame = frame.f_back


def know_newer(after: str) -> None:
    """Do the same for the modules that were imported after that one, without a look at all those before it."""
    for name in reversed(list(itertools.takewhile(lambda each: each != after, reversed(sys.modules)))):
        module = sys.modules[name]
        if isinstance(module, ModuleType) and getattr(module, "__file__", None):
            with contextlib.suppress(Exception):
                path = inspect.getabsfile(module)
                inspect.modulesbyfile[path] = inspect.modulesbyfile[os.path.realpath(path)] = module.__name__


def read_sources(paths: Iterable[str]) -> None:
    """Have the lines of libraries' files at hand, which those hooks, and tracebacks, read for each frame."""
    for each in paths:
        linecache.getlines(each)


def settle() -> None:
    """Move what is there out of the garbage collector's sight, so that forks share its pages.

    To have the memory in huge pages (``MADV_COLLAPSE``), which makes forks and their ends cheaper, was measured: it
    saves 3 ms of 70 for each attempt and takes half a second at the start.
    """
    gc.collect()
    gc.freeze()


def alone() -> None:
    """Do for all forks what each of them would do, where this process is there for nothing but them."""
    from pytest_dagguard.stage.compat import engine

    engine.block()
    engine.rehearse()
    abstract.listen()


def airflow() -> str:
    """Import the parts of Airflow that each attempt needs; returns Airflow's version.

    :raises ImportError: there is no Airflow
    :raises NotServed: it is one of a version that is not served
    """
    from pytest_dagguard.stage.compat.version import MAJOR, MINOR, SERVED, VERSION

    if (MAJOR, MINOR) < SERVED:
        oldest = ".".join(map(str, SERVED))
        raise NotServed(
            f"Airflow {VERSION} is not served, only Airflow {oldest} and newer; run pytest --dagguard in an environment"
            " with the Airflow that you are going to upgrade to"
        )

    from pytest_dagguard.stage.compat import engine

    engine.prepare()
    return VERSION
