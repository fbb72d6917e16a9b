"""From a DAG file to plain values: runs in a fork, so that whatever the file does, it does to the fork alone."""

from __future__ import annotations

import itertools
import re
import sys
import time
import traceback
from collections.abc import Mapping
from typing import Any

from pytest_dagguard.model.dag import DagFile, LoadError
from pytest_dagguard.stage import describe as describing
from pytest_dagguard.stage.watch import Watch
from pytest_dagguard.stage.where import is_own

_MOVED = re.compile(
    r"No module named 'airflow\.(?!providers)|cannot import name '\w+' from 'airflow|"
    r"DAG\.__init__\(\) got an unexpected keyword argument '\w+'"
)
_LACKS = re.compile(
    r"Variable \S+ (?:not found|does not exist)|VARIABLE_NOT_FOUND|conn_id `[^`]+` isn't defined|"
    r"KeyError: '[A-Z][A-Z0-9_]*'$|\(ParameterNotFound\)|Secrets Manager can't find the specified secret"
)


def describe(path: str, root: str, endpoints: Mapping[str, str], watch: Watch) -> DagFile:
    """Load a DAG file in this process and describe what is in it.

    :param endpoints: service -> URL; the Execution API answers what the file asks for while it loads
    :param watch: notes what the file does meanwhile
    """
    from pytest_dagguard.stage.compat import dagbag, engine, plugins

    engine.block()
    plugins.use(root)
    began = time.perf_counter()
    before = newest_module()
    errors: list[LoadError] = []
    dags: dict[str, Any] = {}
    warned: list[str] = []
    try:
        with engine.connected(endpoints["airflow"], watch.asked):
            watch.begin(endpoints)
            dags, texts, warned = dagbag.load(path)
        errors = [_error(text, path) for text in texts]
    except SystemExit as left:
        errors = [_from_exception("exit", f"the file calls sys.exit({left.code!r}) while it loads", left, path)]
    except BaseException as broken:  # noqa: BLE001 - whatever a DAG file raises is a finding, not our crash
        errors = [_from_exception("exception", f"{type(broken).__name__}: {broken}", broken, path)]
    watch.end()
    watch.warned(warned)
    seconds = time.perf_counter() - began
    lines = describing.lines(path)
    described = tuple(describing.dag(dag, root, lines) for _, dag in sorted(dags.items()))
    return DagFile(
        path,
        described,
        tuple(errors),
        seconds,
        third_party(before, root),
        own_seconds=max(0.0, seconds - watch.imported),
        events=tuple(watch.events.values()),
        needs=watch.record.needs() if watch.record is not None else None,
    )


def newest_module() -> str:
    """Name of the module that was imported last: those that follow come after it."""
    return next(reversed(sys.modules))


def third_party(after: str, root: str) -> tuple[str, ...]:
    """Modules imported after that one which are not the repository's own, parents first."""
    # not by comparing two sets of all names: to touch each of them is to copy a thousand pages of the stage's memory
    added = itertools.takewhile(lambda name: name != after, reversed(sys.modules))
    found = []
    for name in sorted(added):
        file = getattr(sys.modules[name], "__file__", None)
        if file and not name.startswith("unusual_prefix") and not is_own(file, [root]):
            found.append(name)
    return tuple(found)


def _last(text: str) -> str:
    """The line of a traceback that says what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # to whom arguments were passed that it does not take is in the line before them
    found = lines[-2:] if lines[-1:] and lines[-1].startswith(("*args: ", "**kwargs: ")) else lines[-1:]
    return " ".join(found) or text


def _error(text: str, path: str) -> LoadError:
    last = _last(text)
    line = 0
    for each in text.splitlines():
        if f'File "{path}", line ' in each:
            line = int(each.split(", line ")[1].split(",")[0])
    kind = "exception"
    if last.startswith(("SyntaxError", "IndentationError", "TabError")):
        kind = "syntax"
    elif _MOVED.search(last):
        kind = "moved"
    elif "No module named" in last:
        kind = "missing-module"
    elif _LACKS.search(last):
        kind = "lacks"
    elif last.startswith("SystemExit"):
        status = last.partition(": ")[2] or "None"
        kind, last = "exit", f"the file calls sys.exit({status}) while it loads"
    elif last.startswith("Received SIGSEGV"):
        kind = "crash"
    elif "dagguard: connection to" in last or ("dagguard: " in last and "is not emulated" in last):
        kind = "egress"
    elif "UnicodeDecodeError" in last or "source code string cannot contain null bytes" in last:
        kind = "syntax"
    return LoadError(kind, last, line, text)


def _from_exception(kind: str, message: str, error: BaseException, path: str) -> LoadError:
    line = 0
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == path:
            line = frame.lineno or 0
    return LoadError(kind, message, line, "".join(traceback.format_exception(error)))
