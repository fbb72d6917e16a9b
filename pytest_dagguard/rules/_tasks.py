"""What several families ask of a task."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.finding import Finding

SENSOR = "BaseSensorOperator"
EMPTY = ("EmptyOperator", "DummyOperator", "LatestOnlyOperator")
TRIGGER = "TriggerDagRunOperator"
BRANCH = ("BranchMixIn", "BaseBranchOperator", "BranchSQLOperator", "ShortCircuitOperator")


def finding(rule: str, task: Task, message: str, *, why: str, fix: str, resource: str = "") -> Finding:
    """A finding at the line of a task."""
    return Finding(rule, message, resource=resource or task.task_id, line=task.line, why=why, fix=fix)


def label(task: Task) -> str:
    """The task and what it is, as one would write it."""
    kind = "@task" if "Decorated" in task.kind else task.kind
    return f"{task.task_id} ({kind})"


def works(task: Task) -> bool:
    """Say whether a task does something that can fail half way: no sensor, no trigger, no branch, nothing empty."""
    return not task.is_a(SENSOR, TRIGGER, *EMPTY, *BRANCH)


def is_sensor(task: Task) -> bool:
    """Say whether a task waits for something."""
    return task.is_a(SENSOR)


def said(value: object) -> str:
    """An argument's value as one would write it, in short."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def nearest(name: str, known: Collection[str]) -> str:
    """The most similar of some names; empty where none is similar."""
    found = difflib.get_close_matches(name, list(known), n=1)
    return found[0] if found else ""
