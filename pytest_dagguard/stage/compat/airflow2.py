"""Names that Airflow 2 had and Airflow 3 has no more, for files that ask for them under their old modules."""

from __future__ import annotations

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


def moved() -> dict[str, str]:
    """The table, which under Airflow 2 is empty: there the old names are the ones that work."""
    from pytest_dagguard.stage.compat.version import MAJOR

    return dict(MOVED) if MAJOR >= 3 else {}


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


def restore(record: Callable[[str], object]) -> None:
    """Let ``DAG`` take ``schedule_interval`` for ``schedule``, and ``airflow.utils.dates`` have ``days_ago`` again.

    :param record: told what stood in for what, where it did
    """
    if not moved():
        return
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
        _take_schedule_interval(each, record)


def _take_schedule_interval(kind: Any, record: Callable[[str], object]) -> None:
    make = kind.__init__

    def __init__(self: Any, *arguments: Any, **named: Any) -> None:
        if "schedule_interval" in named:
            record("alias schedule_interval -> schedule")
            named.setdefault("schedule", named.pop("schedule_interval"))
        make(self, *arguments, **named)

    kind.__init__ = __init__
