"""From a DAG file to plain values: runs in a fork, so that whatever the file does, it does to the fork alone."""

from __future__ import annotations

import ast
import itertools
import sys
import time
import traceback
from datetime import timedelta
from pathlib import Path
from typing import Any

from pytest_dagguard.model.dag import Dag, DagFile, LoadError, Task
from pytest_dagguard.stage import mapping
from pytest_dagguard.stage.where import is_own


def describe(path: str, root: str, api: str) -> DagFile:
    """Load a DAG file in this process and describe what is in it.

    :param api: URL of the Execution API, which answers what the file asks for while it loads
    """
    from pytest_dagguard.stage.compat import dagbag, orm, parse

    orm.block()
    began = time.perf_counter()
    before = newest_module()
    errors: list[LoadError] = []
    dags: dict[str, Any] = {}
    try:
        with parse.connected(api):
            dags, texts = dagbag.load(path)
        errors = [_error(text, path) for text in texts]
    except SystemExit as left:
        errors = [_from_exception("exit", f"the file calls sys.exit({left.code!r}) while it loads", left, path)]
    except BaseException as broken:  # noqa: BLE001 - whatever a DAG file raises is a finding, not our crash
        errors = [_from_exception("exception", f"{type(broken).__name__}: {broken}", broken, path)]
    seconds = time.perf_counter() - began
    lines = _lines(path)
    described = tuple(_dag(dag, path, root, lines) for _, dag in sorted(dags.items()))
    return DagFile(path, described, tuple(errors), seconds, third_party(before, root))


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


def _error(text: str, path: str) -> LoadError:
    last = next((line for line in reversed(text.strip().splitlines()) if line.strip()), text).strip()
    line = 0
    for each in text.splitlines():
        if f'File "{path}", line ' in each:
            line = int(each.split(", line ")[1].split(",")[0])
    kind = "exception"
    if last.startswith(("SyntaxError", "IndentationError", "TabError")):
        kind = "syntax"
    elif "No module named" in last:
        kind = "missing-module"
    elif last.startswith("SystemExit"):
        status = last.partition(": ")[2] or "None"
        kind, last = "exit", f"the file calls sys.exit({status}) while it loads"
    elif last.startswith("Received SIGSEGV"):
        kind = "crash"
    elif "dagguard: connection to" in last:
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


def _lines(path: str) -> dict[str, int]:
    """Line of the call that gives ``task_id="x"`` or ``dag_id="x"``, and of functions by name, from the source."""
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (SyntaxError, ValueError, OSError):
        return {}
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            named = [each.value for each in node.keywords if each.arg in ("task_id", "dag_id", "group_id")]
            for value in [*named, *node.args[:1]]:
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    found.setdefault(value.value, node.lineno)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.setdefault(f"def {node.name}", node.lineno)
    return found


def _dag(dag: Any, path: str, root: str, lines: dict[str, int]) -> Dag:
    ordered = list(dag.topological_sort())
    dag_id = plain(dag.dag_id)
    tasks = tuple(_task(each, path, root, lines) for each in _flat(ordered))
    line = lines.get(dag_id) or lines.get(f"def {dag_id}") or 0
    return Dag(dag_id, line, tasks, _assets(ordered))


def plain(text: Any) -> str:
    """A text as what it says and nothing more.

    A member of Airflow's enumerations, given as an id, is a text too: pickled as it is, it would have the director
    import Airflow to read it.
    """
    return str.__str__(text) if isinstance(text, str) else str(text)


def _assets(nodes: list[Any]) -> tuple[tuple[str, str], ...]:
    """Assets by name and URI. Airflow knows them from the load on, before any task has written one."""
    found = set()
    for task in _flat(nodes):
        for each in (*(getattr(task, "inlets", None) or ()), *(getattr(task, "outlets", None) or ())):
            name, uri = getattr(each, "name", None), getattr(each, "uri", None)
            if isinstance(name, str) and isinstance(uri, str):
                found.add((plain(name), plain(uri)))
    return tuple(sorted(found))


def _flat(nodes: list[Any]) -> list[Any]:
    """Operators in order; a task group stands for its operators, in their own order."""
    found = []
    for node in nodes:
        if hasattr(node, "task_id"):
            found.append(node)
        elif hasattr(node, "topological_sort"):
            found.extend(_flat(list(node.topological_sort())))
    return found


def _task(task: Any, path: str, root: str, lines: dict[str, int]) -> Task:
    function = getattr(task, "python_callable", None)
    if function is None:
        function = (getattr(task, "partial_kwargs", None) or {}).get("python_callable")
    code = getattr(function, "__code__", None)
    file = getattr(code, "co_filename", "")
    name = getattr(function, "__name__", "") if code is not None and is_own(file, [root]) else ""
    task_id = plain(task.task_id)
    short = task_id.rsplit(".", 1)[-1]
    line = lines.get(task_id) or lines.get(short) or (lines.get(f"def {name}", 0) if name else 0)
    delay = getattr(task, "retry_delay", None)
    kind = type(task)
    mapped = not hasattr(task, "execute") or hasattr(task, "expand_input")
    if mapped:
        operator = getattr(task, "operator_class", kind)
        kind = operator if isinstance(operator, type) else kind
    return Task(
        task_id=task_id,
        operator=f"{kind.__module__}.{kind.__qualname__}",
        line=line,
        retries=int(getattr(task, "retries", 0) or 0),
        retry_delay=delay.total_seconds() if isinstance(delay, timedelta) else 0.0,
        upstream=tuple(sorted(map(plain, task.upstream_task_ids))),
        mapped=mapped,
        length=mapping.length(task) if mapped else None,
        mapped_group=mapping.mapped_group(task),
        trigger_rule=plain(getattr(task.trigger_rule, "value", task.trigger_rule)),
        is_setup=bool(getattr(task, "is_setup", False)),
        is_teardown=bool(getattr(task, "is_teardown", False)),
        code_file=file if name else "",
        callable_name=name,
    )
