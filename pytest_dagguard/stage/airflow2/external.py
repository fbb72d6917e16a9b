"""Tasks and runs of other DAGs that a task waits for, by ``ExternalTaskSensor`` or ``TriggerDagRunOperator``.

What they count in Airflow's database is counted by the cloud. Both the classes of Airflow itself and those of the
standard provider are led there, in the task's process and in that of a trigger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from airflow import settings

from pytest_dagguard.stage.airflow2 import lookups
from pytest_dagguard.stage.airflow2.api import Api, Declined, part, written
from pytest_dagguard.stage.compat import imported

_STANDARD = "airflow.providers.standard."


def install(api: Api) -> None:
    """Have this process ask the cloud."""
    core, standard = _Counts(api, once=True), _Counts(api, once=False)
    for prefix, counts, complete in (
        ("airflow.", core, "execute_complete"),
        (_STANDARD, standard, "_trigger_dag_run_af_2_execute_complete"),
    ):
        imported.change(
            {
                f"{prefix}utils.sensor_helper": counts.lead,
                f"{prefix}sensors.external_task": counts.lead,
                f"{prefix}triggers.external_task": counts.lead,
                f"{prefix}operators.trigger_dagrun": partial(_lead_completion, api, complete),
            }
        )


class _Counts:
    """Counts what the sensors and triggers count.

    :param once: of a task group, Airflow's own code counts one date where the provider's counts all of them
    """

    def __init__(self, api: Api, *, once: bool) -> None:
        self.api, self.once = api, once

    def lead(self, module: Any) -> None:
        """Have the code of a module count here."""
        if hasattr(module, "_get_count"):
            module._get_count = self.count
        sensor = getattr(module, "ExternalTaskSensor", None)
        if sensor is not None:
            sensor._check_for_existence = _checking(self.api, sensor._check_for_existence)
        if hasattr(module, "DagStateTrigger"):
            module.DagStateTrigger.count_dags = _counting(self.api)

    def count(
        self,
        dttm_filter: Sequence[Any],
        external_task_ids: Any,
        external_task_group_id: str | None,
        external_dag_id: str,
        states: Iterable[Any],
        session: Any = None,
    ) -> float:
        """As Airflow's ``_get_count``."""
        words = _words(states)
        if not dttm_filter or not words:
            return 0
        query: dict[str, Any] = {"dag_id": external_dag_id, "logical_dates": list(map(written, dttm_filter))}
        if external_task_ids:
            tasks = list(external_task_ids)
            found = self.api.ask("GET", "task-instances/count", **query, task_ids=tasks, states=words)
            return float(found / len(tasks))
        if external_task_group_id:
            query["task_group_id"] = external_task_group_id
            whole, found = self._of_group(query), self._of_group({**query, "states": words})
            return found / whole * (1 if self.once else len(dttm_filter)) if whole else 0
        return int(self.api.ask("GET", "dag-runs/count", **query, states=words))

    def _of_group(self, query: dict[str, Any]) -> int:
        try:
            return int(self.api.ask("GET", "task-instances/count", **query))
        except Declined as declined:
            if declined.status != 404:
                raise
            return 0  # there is no such group: Airflow goes on looking


def _words(states: Iterable[Any] | None) -> list[str]:
    return [str(getattr(each, "value", each)) for each in states or () if each is not None]


def _checking(api: Api, check: Callable[..., None]) -> Callable[..., None]:
    """That a DAG exists is known here; its file may be in another repository, so which tasks it has is not asked."""

    def check_for_existence(self: Any, session: Any = None) -> None:
        if api.find(f"dags/{part(self.external_dag_id)}") is None:
            check(self, session=session)
        self._has_checked_existence = True

    return check_for_existence


def _counting(api: Api) -> Callable[..., Any]:
    async def count_dags(self: Any) -> int:
        query = {"dag_id": self.dag_id, "logical_dates": list(map(written, self.execution_dates))}
        return int(api.ask("GET", "dag-runs/count", **query, states=_words(self.states)))

    return count_dags


def _lead_completion(api: Api, name: str, module: Any) -> None:
    """Have the run that a deferred task has waited for be in the local database when the task goes on."""
    operator = module.TriggerDagRunOperator
    complete = getattr(operator, name, None)
    if complete is None:
        return

    def complete_with_run(self: Any, *arguments: Any, **named: Any) -> Any:
        lookups.place_runs(named.get("session") or settings.Session(), api, [self.trigger_dag_id])
        return complete(self, *arguments, **named)

    setattr(operator, name, complete_with_run)
