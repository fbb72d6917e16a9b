"""From an expression for a number of map indices to the number."""

from __future__ import annotations

import math
from collections.abc import Callable

from pytest_dagguard.model.dag import Length

_JOINED: dict[str, Callable[[list[int]], int]] = {"product": math.prod, "sum": sum, "min": min, "max": max}


def count(length: Length, of_xcom: Callable[[str], int | None]) -> int | None:
    """The number of map indices, None where an XCom that it depends on is not there or cannot be mapped over.

    :param of_xcom: the length of what a task has returned, by task id
    """
    if length.kind == "literal":
        return length.number
    if length.kind == "xcom":
        return of_xcom(length.task_id)
    parts = [count(each, of_xcom) for each in length.parts]
    known = [each for each in parts if each is not None]
    return _JOINED[length.kind](known) if len(known) == len(parts) else None


def sources(length: Length) -> tuple[str, ...]:
    """Ids of the tasks whose XComs it depends on."""
    if length.kind == "xcom":
        return (length.task_id,)
    return tuple(dict.fromkeys(task_id for each in length.parts for task_id in sources(each)))
