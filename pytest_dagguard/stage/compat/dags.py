"""What Airflow 2 calls otherwise in a DAG: its schedule, whether one failure ends it, and its assets."""

from __future__ import annotations

from typing import Any


def schedule(dag: Any) -> Any:
    """What a DAG was given as its schedule, or, in Airflow 2, what became of that."""
    if hasattr(dag, "schedule"):
        return dag.schedule
    timetable = getattr(dag, "timetable", None)
    if type(timetable).__name__ in ("DatasetTriggeredTimetable", "DatasetOrTimeSchedule"):
        return [timetable]
    given = getattr(dag, "schedule_interval", None)
    own = type(timetable).__module__.startswith("airflow.timetables.")
    return given if own or given is None else timetable


def setting(dag: Any, name: str) -> Any:
    """A setting under the name that Airflow 3 has for it; None where there is none."""
    older = {"fail_fast": "fail_stop"}
    return getattr(dag, name, None) if hasattr(dag, name) else getattr(dag, older.get(name, name), None)


def asset(thing: Any) -> tuple[str, str] | None:
    """Name and URI of an asset, the latter for both in Airflow 2; None for anything else."""
    uri = getattr(thing, "uri", None)
    name = getattr(thing, "name", uri)
    return (name, uri) if isinstance(name, str) and isinstance(uri, str) else None
