"""The rows that Airflow's code finds in the database of an attempt: the run, the try, and what it refers to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow.datasets import Dataset, DatasetAlias
from airflow.models.dagrun import DagRun
from airflow.models.dataset import DatasetAliasModel, DatasetModel
from airflow.models.mappedoperator import MappedOperator
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskreschedule import TaskReschedule
from airflow.serialization.serialized_objects import BaseSerialization
from airflow.utils import timezone
from airflow.utils.types import DagRunType

from pytest_dagguard.model.attempt import AttemptSpec
from pytest_dagguard.stage.airflow2.api import Api

_TYPES = {str(each.value) for each in DagRunType}


def is_mapped(task: Any) -> bool:
    """Say whether a task has several instances in a run."""
    return isinstance(task, MappedOperator) or task.get_closest_mapped_task_group() is not None


def moment(text: str | None) -> Any:
    """A moment of an answer; None where there is none."""
    return None if text is None else timezone.parse(text)


def run(document: Mapping[str, Any]) -> Any:
    """A run as its row.

    :param document: as the Execution API has it
    """
    date = moment(document["logical_date"] or document["run_after"])
    begin, end = moment(document["data_interval_start"]), moment(document["data_interval_end"])
    kind = document["run_type"] if document["run_type"] in _TYPES else DagRunType.MANUAL.value
    return DagRun(
        dag_id=document["dag_id"],
        run_id=document["run_id"],
        run_type=kind,
        execution_date=date,
        start_date=moment(document["start_date"]),
        external_trigger=kind == DagRunType.MANUAL.value,
        conf=document["conf"] or {},
        state=document["state"] or "running",
        data_interval=(begin or date, end or date),
    )


def fill(session: Any, spec: AttemptSpec, task: Any, granted: Mapping[str, Any], api: Api) -> Any:
    """Write the rows of a try that is about to begin; returns that of its task instance.

    :param granted: what the cloud has answered to its start
    """
    session.add(run(granted["dag_run"]))
    session.flush()
    for each in [task, *task.downstream_list]:
        index = spec.map_index if each is task or not is_mapped(each) else -1
        row = TaskInstance(each, run_id=spec.run_id, state=None, map_index=index)
        if each is task:
            _describe(row, spec, granted)
            session.add_all(_reschedules(task, spec, granted, api))
        session.add(row)
    for each in {each.uri: each for each in task.outlets or () if isinstance(each, Dataset)}.values():
        session.add(DatasetModel(uri=each.uri))
    for name in {each.name for each in task.outlets or () if isinstance(each, DatasetAlias)}:
        session.add(DatasetAliasModel(name=name))
    session.commit()
    key = {"dag_id": spec.dag_id, "task_id": spec.task_id, "run_id": spec.run_id, "map_index": spec.map_index}
    return session.query(TaskInstance).filter_by(**key).one()


def _describe(row: Any, spec: AttemptSpec, granted: Mapping[str, Any]) -> None:
    row.state = "queued"
    row.queued_dttm = timezone.utcnow()
    row.try_number = spec.try_number
    row.max_tries = granted["max_tries"]
    if granted.get("next_method"):
        row.next_method = granted["next_method"]
        row.next_kwargs = BaseSerialization.deserialize(granted["next_kwargs"])
        row.start_date = moment(granted["start_date"])
    elif granted["task_reschedule_count"]:
        row.state = "up_for_reschedule"  # so that Airflow has it begin when it first began


def _reschedules(task: Any, spec: AttemptSpec, granted: Mapping[str, Any], api: Api) -> Iterator[Any]:
    """When the task instance was rescheduled, in any of its tries: a sensor counts its time-out from the first time."""
    if not getattr(task, "reschedule", False) or (spec.try_number < 2 and not granted["task_reschedule_count"]):
        return
    names = {name: getattr(spec, name) for name in ("dag_id", "run_id", "task_id", "map_index")}
    for each in api.ask("GET", "metadata-database/task-reschedules", **names, try_number=spec.try_number):
        date = moment(each["date"])
        yield TaskReschedule(
            **names, try_number=each["try_number"], start_date=date, end_date=date, reschedule_date=date
        )
