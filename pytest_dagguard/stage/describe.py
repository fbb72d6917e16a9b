"""DAGs and tasks as plain values."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path
from typing import Any

from pytest_dagguard.model.dag import Dag, Task
from pytest_dagguard.stage import arguments, mapping
from pytest_dagguard.stage.compat import dags, serialization
from pytest_dagguard.stage.values import name_of, plain, value
from pytest_dagguard.stage.where import is_own

DAG_SETTINGS = (
    "default_args",
    "end_date",
    "fail_fast",
    "is_paused_upon_creation",
    "max_active_runs",
    "max_active_tasks",
    "start_date",
    "tags",
)


def lines(path: str) -> dict[str, int]:
    """Line of the call that gives ``task_id="x"`` or ``dag_id="x"``, and of functions by name, from the source."""
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (SyntaxError, ValueError, OSError):
        return {}
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            named = [each.value for each in node.keywords if each.arg in ("task_id", "dag_id", "group_id")]
            for each in [*named, *node.args[:1]]:
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    found.setdefault(each.value, node.lineno)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.setdefault(f"def {node.name}", node.lineno)
    return found


def dag(made: Any, root: str, where: dict[str, int]) -> Dag:
    """Describe a DAG.

    :param where: as :func:`lines` gives it
    """
    ordered = list(made.topological_sort())
    dag_id = plain(made.dag_id)
    tasks = tuple(_task(each, root, where) for each in _flat(ordered))
    line = where.get(dag_id) or where.get(f"def {dag_id}") or 0
    settings = {name: value(dags.setting(made, name)) for name in DAG_SETTINGS}
    settings["dagrun_timeout"] = value(getattr(made, "dagrun_timeout", None))
    return Dag(
        dag_id,
        line,
        tasks,
        _assets(ordered),
        schedule=schedule(dags.schedule(made)),
        catchup=bool(getattr(made, "catchup", False)),
        settings={name: each for name, each in settings.items() if each not in (None, [], {})},
        problem=serialization.problem(made),
    )


def schedule(given: Any) -> str:
    """What a DAG is scheduled by, in short."""
    if given is None:
        return ""
    if isinstance(given, str):
        return plain(given)
    if isinstance(given, timedelta):
        return f"every {given}"
    kind = type(given)
    if "timetable" in kind.__module__:
        return "" if kind.__name__ == "NullTimetable" else kind.__name__
    return "assets"


def _assets(nodes: list[Any]) -> tuple[tuple[str, str], ...]:
    """Assets by name and URI. Airflow knows them from the load on, before any task has written one."""
    found = set()
    for task in _flat(nodes):
        for each in (*(getattr(task, "inlets", None) or ()), *(getattr(task, "outlets", None) or ())):
            if (known := dags.asset(each)) is not None:
                found.add((plain(known[0]), plain(known[1])))
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


def _task(task: Any, root: str, where: dict[str, int]) -> Task:
    file, name = _code(task, root)
    task_id = plain(task.task_id)
    short = task_id.rsplit(".", 1)[-1]
    kind = type(task)
    mapped = not hasattr(task, "execute") or hasattr(task, "expand_input")
    if mapped:
        operator = getattr(task, "operator_class", kind)
        kind = operator if isinstance(operator, type) else kind
    return Task(
        task_id=task_id,
        operator=name_of(kind),
        line=where.get(task_id) or where.get(short) or (where.get(f"def {name}", 0) if name else 0),
        retries=int(getattr(task, "retries", 0) or 0),
        retry_delay=_seconds(getattr(task, "retry_delay", None)) or 0.0,
        upstream=tuple(sorted(map(plain, task.upstream_task_ids))),
        mapped=mapped,
        length=mapping.length(task) if mapped else mapping.group_length(task),
        mapped_group=mapping.mapped_group(task),
        trigger_rule=plain(getattr(task.trigger_rule, "value", task.trigger_rule)),
        is_setup=bool(getattr(task, "is_setup", False)),
        is_teardown=bool(getattr(task, "is_teardown", False)),
        code_file=file if name else "",
        callable_name=name,
        template_fields=tuple(map(plain, getattr(task, "template_fields", None) or ())),
        execution_timeout=_seconds(getattr(task, "execution_timeout", None)),
        settings=arguments.generic(task),
        links=_links(task),
        **(_of_mapped(task, kind) if mapped else _of_instance(task, kind)),
    )


def _links(task: Any) -> tuple[str, ...]:
    """Keys of the XComs in which a task keeps what its links in Airflow's pages are made of."""
    links = getattr(task, "operator_extra_links", None)
    keys = (getattr(each, "key", None) for each in links) if isinstance(links, (list, tuple)) else ()
    return tuple(sorted({plain(each) for each in keys if isinstance(each, str) and each}))


def _of_instance(task: Any, kind: type) -> dict[str, Any]:
    known = arguments.signature(kind)
    return {
        "bases": known.bases,
        "arguments": arguments.arguments(task, known.names),
        "defaults": known.defaults,
        "sensors": known.sensors,
        "given": arguments.given(task),
    }


def _of_mapped(task: Any, kind: type) -> dict[str, Any]:
    known = arguments.signature(kind)
    partial = getattr(task, "partial_kwargs", None) or {}
    late = mapping.names(task)
    defaults = {name: each for name, each in known.defaults.items() if name not in late}
    return {
        "bases": known.bases,
        "arguments": {**defaults, **{name: value(partial[name]) for name in known.names if name in partial}},
        "defaults": known.defaults,
        "sensors": known.sensors,
        # Airflow adds its own defaults to what partial() was given, which for these nobody can tell apart
        "given": tuple(sorted(plain(name) for name in partial if name in known.names)),
        "expanded": late,
    }


def _code(task: Any, root: str) -> tuple[str, str]:
    """File and name of the repository's function that a task calls; empty where there is none."""
    function = getattr(task, "python_callable", None)
    if function is None:
        function = (getattr(task, "partial_kwargs", None) or {}).get("python_callable")
    code = getattr(function, "__code__", None)
    file = getattr(code, "co_filename", "")
    return file, getattr(function, "__name__", "") if code is not None and is_own(file, [root]) else ""


def _seconds(span: Any) -> float | None:
    return span.total_seconds() if isinstance(span, timedelta) else None
