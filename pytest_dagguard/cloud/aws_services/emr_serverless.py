"""Amazon EMR Serverless: applications and their job runs. A client token makes one of either."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_dagguard.cloud.aws_services.service import (
    FAILED,
    FOUND,
    LIVE,
    STOPPED,
    SUCCEEDED,
    Body,
    JobRun,
    Refusal,
    Service,
    remembered,
)

_STATES = {"SUCCESS": SUCCEEDED, "FAILED": FAILED, "CANCELLED": STOPPED}
_WORDS = {SUCCEEDED: "SUCCESS", FAILED: "FAILED", STOPPED: "CANCELLED"}


def _runs(backend: Any) -> Iterator[JobRun]:
    for each in backend.applications.values():
        if not getattr(each, FOUND, False):

            def close(state: str, application: Any = each) -> None:
                application.state = "TERMINATED"

            state = STOPPED if each.state == "TERMINATED" else LIVE
            folder = f"applications/{each.name or '*'}"
            given = {"application": each.state}
            yield JobRun(each.id, each.name or "", given, state, close, float("inf"), does=False, group=folder)
    for application, runs in backend.job_runs.items():
        for run in runs:

            def end(state: str, run: Any = run) -> None:
                run.state = _WORDS[state]

            limit = float(run.execution_timeout_minutes) * 60
            state = _STATES.get(run.state, LIVE)
            does = {"driver": run.job_driver}
            yield JobRun(run.id, run.name or application, does, state, end, limit, group=application)


_OF_APPLICATIONS = frozenset({"DeleteApplication", "GetApplication", "StartApplication", "StopApplication"})


def _groups(backend: Any, action: str, body: Body) -> tuple[str, ...]:
    wanted = str(body.get("applicationId") or "")
    known = backend.applications.get(wanted)
    if action == "CreateApplication":
        return (f"applications/{body.get('name') or '*'}",)
    if action in _OF_APPLICATIONS and known is not None:
        return (f"applications/{known.name or '*'}",)
    if action == "StartJobRun" and known is not None:
        return wanted, f"applications/{known.name or '*'}"
    return (wanted,) if wanted else ()


def _run_ids(action: str, body: Body) -> tuple[str, ...]:
    wanted = body.get("applicationId") if action in _OF_APPLICATIONS else body.get("jobRunId")
    return (str(wanted),) if wanted else ()


def _prepare(backend: Any, action: str, body: Body) -> None:
    """Have an application that is named be there, and started."""
    wanted = str(body.get("applicationId", ""))
    if not wanted or wanted in backend.applications:
        if action == "StartJobRun" and wanted and backend.applications[wanted].state in ("CREATED", "STOPPED"):
            # by default a job starts its application
            backend.applications[wanted].state = "STARTED"
        return
    made = backend.create_application(wanted, "emr-7.0.0", "SPARK", None, None, None, {}, None, None, None)
    del backend.applications[made.id]
    made.arn = made.arn.replace(made.id, wanted)
    made.id = wanted
    setattr(made, FOUND, True)
    backend.applications[wanted] = made


def _create(backend: Any, body: Body) -> Body | Refusal | None:
    """``CreateApplication``: moto takes no notice of the client token, and has the application be started at once."""

    def create() -> Any:
        made = backend.create_application(
            name=body.get("name"),
            release_label=body.get("releaseLabel"),
            application_type=str(body.get("type", "")).upper(),
            client_token=body.get("clientToken"),
            initial_capacity=body.get("initialCapacity"),
            maximum_capacity=body.get("maximumCapacity"),
            tags=body.get("tags") or {},
            auto_start_configuration=body.get("autoStartConfiguration"),
            auto_stop_configuration=body.get("autoStopConfiguration"),
            network_configuration=body.get("networkConfiguration"),
        )
        made.state = "CREATED"
        return made

    token = f"application {body['clientToken']}" if body.get("clientToken") else ""
    made = remembered(backend, token, create)
    return {"applicationId": made.id, "arn": made.arn, "name": made.name}


def _stop(backend: Any, body: Body) -> Body | Refusal | None:
    """``StopApplication``, which moto lets take its job runs with it."""
    wanted = body.get("applicationId")
    if any(run.group == wanted and run.state == LIVE for run in _runs(backend)):
        return Refusal("ValidationException", "All scheduled and running jobs must be completed or cancelled first.")
    return None


def _start(backend: Any, body: Body) -> Body | Refusal | None:
    """``StartJobRun``: moto takes no notice of the client token, and has each run end at once."""
    application = str(body.get("applicationId"))

    def start() -> Any:
        role = str(body.get("executionRoleArn", "")).split(":")
        made = backend.start_job_run(
            application_id=application,
            client_token=body.get("clientToken"),
            # whose account it is nobody knows here
            execution_role_arn=":".join([*role[:4], backend.account_id, *role[5:]]),
            job_driver=body.get("jobDriver"),
            configuration_overrides=body.get("configurationOverrides"),
            tags=body.get("tags"),
            execution_timeout_minutes=body.get("executionTimeoutMinutes"),
            name=body.get("name"),
        )
        made.state = "RUNNING"
        return made

    made = remembered(backend, f"{application} {body['clientToken']}" if body.get("clientToken") else "", start)
    return {"applicationId": application, "jobRunId": made.id, "arn": made.arn}


def _cancel(backend: Any, body: Body) -> Body | Refusal | None:
    """moto would also cancel a run that has ended."""
    for run in _runs(backend):
        if (run.group, run.id) == (body.get("applicationId"), body.get("jobRunId")) and run.state != LIVE:
            return Refusal("ValidationException", f"Job run {run.id} is in a final state")
    return None


SERVICE = Service(
    signing="emr-serverless",
    host="emr-serverless",
    runs=_runs,
    groups=_groups,
    run_ids=_run_ids,
    prepare=_prepare,
    verbs=frozenset(
        {
            "CancelJobRun",
            "CreateApplication",
            "DeleteApplication",
            "GetApplication",
            "GetJobRun",
            "ListApplications",
            "ListJobRuns",
            "StartApplication",
            "StartJobRun",
            "StopApplication",
        }
    ),
    own={"CreateApplication": _create, "StopApplication": _stop, "StartJobRun": _start, "CancelJobRun": _cancel},
)
