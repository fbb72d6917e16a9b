"""Over how many values a task is mapped, as a plain expression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_dagguard.model.dag import Length
from pytest_dagguard.stage.compat import names as namings


def length(task: Any) -> Length | None:
    """The number of map indices of a task, None where it is not mapped or nothing can be said."""
    specified = getattr(task, "_get_specified_expand_input", None)
    if specified is None:
        return None
    return _of_input(specified())


def group_length(task: Any) -> Length | None:
    """The number of instances of a task that is in a mapped task group and not mapped beside that; None for others."""
    groups = _mapped_groups(task)
    return _of_input(groups[0]._expand_input) if len(groups) == 1 else None


def _of_input(given: Any) -> Length | None:
    if isinstance(given.value, Mapping):  # expand(a=..., b=...): each combination
        return _joined("product", given.value.values())
    return _length(given.value)  # expand_kwargs([...])


def names(task: Any) -> tuple[str, ...]:
    """Names of the arguments that are only known at run time; none where whole dictionaries are expanded."""
    specified = getattr(task, "_get_specified_expand_input", None)
    given = specified().value if specified is not None else None
    return tuple(sorted(map(str, given))) if isinstance(given, Mapping) else ()


def mapped_group(task: Any) -> str:
    """Id of the nearest task group around a task that is expanded at run time, empty where there is none."""
    groups = _mapped_groups(task)
    return str(groups[0].group_id) if groups else ""


def _mapped_groups(task: Any) -> list[Any]:
    """The mapped task groups around a task, the nearest first."""
    found = getattr(task, "iter_mapped_task_groups", None)
    return list(found()) if found is not None else []


def _length(value: Any) -> Length | None:
    xcom_arg = namings.xcom_arguments()

    if isinstance(value, xcom_arg.PlainXComArg):
        return Length("xcom", task_id=str.__str__(value.operator.task_id))
    if isinstance(value, xcom_arg.MapXComArg):
        return _length(value.arg)
    if isinstance(value, xcom_arg.ConcatXComArg):
        return _joined("sum", value.args)
    if isinstance(value, xcom_arg.ZipXComArg):
        # with a value to fill the shorter ones up, the longest counts
        filled = type(value.fillvalue).__name__ != "ArgNotSet"
        return _joined("max" if filled else "min", value.args)
    return Length("literal", number=len(value)) if hasattr(value, "__len__") else None


def _joined(kind: str, values: Any) -> Length | None:
    parts = [_length(each) for each in values]
    known = tuple(each for each in parts if each is not None)
    return Length(kind, parts=known) if len(known) == len(parts) else None
