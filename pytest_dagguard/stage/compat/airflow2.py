"""Names that Airflow 2 had and Airflow 3 has no more, for files that ask for them under their old modules."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

MOVED = {
    "airflow.contrib.operators.kubernetes_pod_operator": "airflow.providers.cncf.kubernetes.operators.pod",
    "airflow.datasets": __name__,
    "airflow.hooks.base_hook": "airflow.hooks.base",
    "airflow.kubernetes.secret": "airflow.providers.cncf.kubernetes.secret",
    "airflow.operators.bash_operator": "airflow.providers.standard.operators.bash",
    "airflow.operators.branch_operator": "airflow.providers.standard.operators.branch",
    "airflow.operators.dummy": __name__,
    "airflow.operators.dummy_operator": __name__,
    "airflow.operators.python_operator": "airflow.providers.standard.operators.python",
    "airflow.providers.amazon.aws.operators.s3_bucket": "airflow.providers.amazon.aws.operators.s3",
    "airflow.providers.cncf.kubernetes.operators.kubernetes_pod": "airflow.providers.cncf.kubernetes.operators.pod",
    "airflow.sensors.base_sensor_operator": "airflow.sdk.bases.sensor",
    "airflow.sensors.external_task_sensor": "airflow.providers.standard.sensors.external_task",
    "airflow.utils.weekday": "airflow.providers.standard.utils.weekday",
}
"""Old module -> where its names are now; this module where they are nowhere."""

_BY_SERVICE = re.compile(
    r"airflow\.(?:contrib|providers\.amazon\.aws)\.(operators|sensors|hooks)\."
    r"(athena|batch|dms|ecs|emr|glue|redshift|s3|sagemaker|sns|sqs|step_function)_\w+"
)
_FOLDERS = re.compile(r"airflow\.contrib(\.(operators|sensors|hooks))?")


def moved(name: str) -> str:
    """Where the names of an old module are now; empty where there is no such rule.

    The Amazon provider had a module for each operator, and has one for each service.
    """
    known = MOVED.get(name, "")
    found = _BY_SERVICE.fullmatch(name)
    return known or (f"airflow.providers.amazon.aws.{found[1]}.{found[2]}" if found else "")


def is_folder(name: str) -> bool:
    """Say whether an old package has nothing in it but modules that have moved."""
    return _FOLDERS.fullmatch(name) is not None


def has_moved() -> bool:
    """Say whether this Airflow has moved them: under Airflow 2 the old names are the ones that work."""
    from pytest_dagguard.stage.compat.version import MAJOR

    return MAJOR >= 3


def __getattr__(name: str) -> Any:
    if name == "DummyOperator":
        from airflow.providers.standard.operators.empty import EmptyOperator

        return EmptyOperator
    if name == "Dataset":
        from airflow.sdk import Asset

        return Asset
    raise AttributeError(name)


def days_ago(n: int, hour: int = 0, minute: int = 0, second: int = 0, microsecond: int = 0) -> datetime:
    """Midnight of so many days ago, in UTC."""
    today = datetime.now(timezone.utc).replace(hour=hour, minute=minute, second=second, microsecond=microsecond)
    return today - timedelta(days=n)


_RENAMED = {"schedule_interval": "schedule", "timetable": "schedule", "concurrency": "max_active_tasks"}
_DROPPED = ("default_view", "orientation", "sla_miss_callback")
"""Arguments of a DAG that Airflow 3 has under another name, and those that it has no more."""


def restore(record: Callable[[str], object]) -> None:
    """Let ``DAG`` take the arguments that it took in Airflow 2, and ``airflow.utils.dates`` have ``days_ago`` again.

    :param record: told what stood in for what, where it did
    """
    import airflow
    import airflow.utils.dates
    from airflow.sdk import DAG

    if not hasattr(airflow.utils.dates, "days_ago"):

        def recorded(*arguments: Any, **named: Any) -> datetime:
            record("alias airflow.utils.dates.days_ago -> a date made here")
            return days_ago(*arguments, **named)

        airflow.utils.dates.days_ago = recorded
    # Airflow 3.0 has a class of its own under the old name
    for each in dict.fromkeys((DAG, airflow.DAG)):
        _take_old_arguments(each, record)


def _take_old_arguments(kind: Any, record: Callable[[str], object]) -> None:
    make = kind.__init__

    def __init__(self: Any, *arguments: Any, **named: Any) -> None:
        for old in [each for each in (*_RENAMED, *_DROPPED) if each in named]:
            value, new = named.pop(old), _RENAMED.get(old)
            record(f"alias {old} -> {new or 'nothing, Airflow 3 has no such argument'}")
            if new:
                named.setdefault(new, value)
        make(self, *arguments, **named)

    kind.__init__ = __init__
