"""What a task returns and nobody pulls: it may differ from one run to the next."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_dagguard.model.dag import Dag, Task, XCom
from pytest_dagguard.model.finding import Finding

_PROGRAM = ("BashOperator",)
"""Operators that return the last line of what a program prints."""

_READY_MADE = ("airflow.providers.", "airflow.operators.")
"""Where operators are that the DAG's author has not written."""

_FUNCTIONS = (".decorators.", ".python.")
"""Those that run a function, whose return value the author has written all the same."""

_HARMLESS = re.compile(
    r"""xcom_pull\(\s*(?:task_ids\s*=\s*)?(['"])(?P<task>[\w.-]+)\1\s*[,)]|(?:do_)?xcom_push""", re.IGNORECASE
)
"""A pull from a task that is named, which is harmless where it is another one, and what pushes."""

_INSTANCE = re.compile(r"\b(?:ti|task_instance|kwargs|\w*context\w*)\b")
"""In code: what holds the task instance, by which XComs are pulled."""

_TEMPLATES = (".sh", ".bash", ".sql", ".hql", ".json", ".yaml", ".yml")


def split(
    dag: Dag, task_id: str, file: str, findings: Sequence[Finding]
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Findings that count, and a remark for each about a return value that no task pulls.

    :param file: of the DAG
    """
    counting: list[Finding] = []
    remarks: list[str] = []
    for each in findings:
        about = each.resource.startswith("xcom://") and each.resource.endswith("/return_value")
        if about and each.cls in ("changed", "lost") and (why := _unread(dag, task_id, file)):
            remarks.append(f"{each.message.replace(f' ({each.resource})', '')}; {why}, so it was let pass")
        else:
            counting.append(each)
    return tuple(counting), tuple(remarks)


def _unread(dag: Dag, task_id: str, file: str) -> str:
    """Why nobody pulls what a task returns; empty where somebody may."""
    after = dag.descendants(task_id)
    if not after:
        return "no task comes after it that could pull it"
    task = dag.task(task_id)
    if task.callable_name or not _ready_made(task) or any(part in task.operator for part in _FUNCTIONS):
        return ""
    others = [each for each in dag.tasks if each.task_id in after]
    codes = [_text(path) for path in {each.code_file for each in others if each.code_file}]
    # a function that has the task instance may leave the pull to a module that it imports, which is not looked through
    if not task.is_a(*_PROGRAM) and any(_INSTANCE.search(text) for text in codes):
        return ""
    if any(_named(text, task_id) for text in (_text(file), *codes)) or any(_pulls(each, task_id) for each in others):
        return ""
    what = "the last line that the program prints" if task.is_a(*_PROGRAM) else f"what {task.kind} returns by the way"
    return f"it is {what}, and the tasks after it do not pull it"


def _ready_made(task: Task) -> bool:
    return task.operator.startswith(_READY_MADE)


def _named(text: str, task_id: str) -> bool:
    """Say whether a text speaks of XComs otherwise than to pull those of other tasks, each by its name."""
    return "xcom" in _HARMLESS.sub(lambda found: "xcom" if found["task"] == task_id else "", text).lower()


def _pulls(task: Task, task_id: str) -> bool:
    """Say whether a task may pull it: what it is expanded over and what is in a file of templates is not known here."""
    return (
        task.mapped
        or not _ready_made(task)
        or any(
            each.task_id == task_id
            if isinstance(each, XCom)
            else isinstance(each, str) and (_named(each, task_id) or each.strip().endswith(_TEMPLATES))
            for each in _flat(task.arguments)
        )
    )


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _flat(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _flat(each)
    else:
        yield value


def _text(path: str) -> str:
    """What is in a file; where it cannot be read, somebody may pull there."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "xcom"
