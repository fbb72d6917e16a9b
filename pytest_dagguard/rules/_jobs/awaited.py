"""Whether something after a task waits for what the task has started."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pytest_dagguard.model.dag import Dag, Task, XCom
from pytest_dagguard.rules import _tasks as tasks

CLOCKS = ("TimeDelta", "DateTime", "TimeSensor", "DayOfWeek")
"""Sensors that wait for a time, and so for no job."""
_ENDS_JOB = re.compile(r"Cancel|Stop\w*(Run|Job|Execution|Build|Query|Task)Operator$")
"""Whoever starts a job and cancels it does not forget it. To terminate the cluster below it is another thing."""


def awaited(dag: Dag, task: Task) -> bool:
    """Say whether a task downstream is a sensor, can defer itself, waits for results, cancels what was started, or is
    Python code that is given the task's XCom.

    What Python code does with the id of a job cannot be told; it gets the benefit of the doubt.
    """
    after = dag.descendants(task.task_id)
    return any(_waits(each, task.task_id) for each in dag.tasks if each.task_id in after)


def _waits(task: Task, starter: str) -> bool:
    if tasks.is_sensor(task):
        return not task.kind.startswith(CLOCKS)
    if task.arguments.get("deferrable") is True or task.arguments.get("wait_for_results") is True:
        return True
    if _ENDS_JOB.search(task.kind):
        return True
    return bool(task.callable_name) and starter in references(task)


def references(task: Task) -> frozenset[str]:
    """Ids of the tasks whose XComs a task's arguments name, templates included."""
    found = set()
    for value in walk(dict(task.arguments)):
        if isinstance(value, XCom):
            found.add(value.task_id)
    return frozenset(found)


def walk(value: Any) -> Iterator[Any]:
    """A value and all that is in it."""
    yield value
    if isinstance(value, dict):
        for each in value.values():
            yield from walk(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from walk(each)
