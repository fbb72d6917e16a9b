"""Running one try of a task as a worker of Airflow 2.11 does, and telling the cloud of its beginning and its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow import settings
from airflow.models.skipmixin import SkipMixin
from airflow.models.trigger import Trigger
from airflow.serialization.serialized_objects import BaseSerialization
from airflow.utils import timezone

from pytest_dagguard.model.attempt import AttemptSpec
from pytest_dagguard.stage.airflow2 import (
    database,
    external,
    guard,
    inlets,
    lookups,
    previous,
    rows,
    runs,
    secrets,
    xcoms,
)
from pytest_dagguard.stage.airflow2.api import Api, Declined, written
from pytest_dagguard.stage.compat.ending import Ending, Refused

_SUPERSEDED = (404, 409, 410)
"""How the Execution API answers a try after which another has begun."""


def execute(spec: AttemptSpec, load_task: Callable[[], Any]) -> Ending:
    """Run one try of one task instance, from its start at the API to its reported end.

    A worker of Airflow 2 loads the DAG file once before the start and, in the process that runs the task, once after
    it; the first time nothing comes of what is done with it.

    :param load_task: gives the task; called once the start is granted
    :raises Refused: it may not start
    """
    engine = database.use()
    api = Api(dict(spec.endpoints)["airflow"])
    secrets.install(api, lambda _, ask: ask())
    try:
        granted = api.start(spec.ti_id)
    except Declined as declined:
        raise Refused(f"Task is not able to be run ({declined})") from declined
    task = load_task()
    session = settings.Session()
    instance = rows.fill(session, spec, task, granted, api)
    instance.task = task
    xcoms.install(api, task, granted["xcom_keys_to_clear"])
    for part in (runs, previous, external, inlets):
        part.install(api)
    lookups.install(api, task)
    SkipMixin._set_state_to_skipped = staticmethod(_skipping(spec, api))
    instance.check_and_change_state_before_execution(
        verbose=False, ignore_all_deps=True, ignore_ti_state=True, job_id="1", session=session
    )
    guard.install(engine, api)
    error: BaseException | None = None
    try:
        instance._run_raw_task(job_id="1", session=session)
    except BaseException as raised:  # noqa: BLE001 - what a task raises; Airflow has made a state of it
        # of a task that leaves, Airflow makes an error of its own, in which the task's line is not
        error = raised.__context__ if isinstance(raised.__context__, SystemExit) else raised
    state = str(getattr(instance.state, "value", instance.state))
    if state == "running":  # not even Airflow came to an end with it
        assert error is not None
        raise error
    _report(session, spec, instance, state, api)
    return Ending(state, error)


def _skipping(spec: AttemptSpec, api: Api) -> Callable[..., None]:
    def skip(dag_run: Any, tasks: Any, session: Any) -> None:
        if tasks:
            listed = [each if isinstance(each, str) else list(each) for each in tasks]
            _tell(api, f"task-instances/{spec.ti_id}/skip-downstream", {"tasks": listed})

    return skip


def _report(session: Any, spec: AttemptSpec, instance: Any, state: str, api: Api) -> None:
    body: dict[str, Any] = {"state": state}
    if state == "deferred":
        body.update(_deferral(session, instance))
    elif state == "up_for_reschedule":
        body.update(reschedule_date=written(_reschedule_date(session, instance)), end_date=written(instance.end_date))
    else:
        body["end_date"] = written(instance.end_date or timezone.utcnow())
    if state == "success":
        body.update(runs.dataset_events(session, instance))
    _tell(api, f"task-instances/{spec.ti_id}/state", body)


def _tell(api: Api, path: str, body: Mapping[str, Any]) -> None:
    """Report something of the try. If it was superseded nothing comes of it, where Airflow 2 would take the report."""
    try:
        api.ask("PATCH", path, body)
    except Declined as declined:
        if declined.status not in _SUPERSEDED:
            raise


def _deferral(session: Any, instance: Any) -> Mapping[str, Any]:
    trigger = session.get(Trigger, instance.trigger_id)
    timeout = instance.trigger_timeout
    left = None if timeout is None else max(0.0, (timeout - timezone.utcnow()).total_seconds())
    return {
        "classpath": trigger.classpath,
        "trigger_kwargs": BaseSerialization.serialize(trigger.kwargs),
        "trigger_timeout": None if left is None else f"PT{left:.6f}S",
        "next_method": instance.next_method,
        "next_kwargs": BaseSerialization.serialize(instance.next_kwargs or {}),
    }


def _reschedule_date(session: Any, instance: Any) -> Any:
    from airflow.models.taskreschedule import TaskReschedule

    query = session.query(TaskReschedule.reschedule_date).order_by(TaskReschedule.id.desc())
    return query.limit(1).scalar()
