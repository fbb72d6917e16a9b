"""Amazon EMR Serverless: applications and their job runs. A client token starts one run, however often it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_dagguard.cloud.aws_services.service import (
    FAILED,
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
    for application, runs in backend.job_runs.items():
        for run in runs:

            def end(state: str, run: Any = run) -> None:
                run.state = _WORDS[state]

            limit = float(run.execution_timeout_minutes) * 60
            state = _STATES.get(run.state, LIVE)
            does = {"driver": run.job_driver}
            yield JobRun(run.id, run.name or application, does, state, end, limit, group=application)


def _groups(backend: Any, action: str, body: Body) -> tuple[str, ...]:
    return (str(body["applicationId"]),) if body.get("applicationId") else ()


def _run_ids(action: str, body: Body) -> tuple[str, ...]:
    return (str(body["jobRunId"]),) if body.get("jobRunId") else ()


def _prepare(backend: Any, action: str, body: Body) -> None:
    """Have an application that is named be there, and started."""
    wanted = str(body.get("applicationId", ""))
    if not wanted or wanted in backend.applications:
        return
    made = backend.create_application(wanted, "emr-7.0.0", "SPARK", None, None, None, {}, None, None, None)
    del backend.applications[made.id]
    made.arn = made.arn.replace(made.id, wanted)
    made.id = wanted
    backend.applications[wanted] = made


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
            "GetApplication",
            "GetJobRun",
            "ListApplications",
            "ListJobRuns",
            "StartApplication",
            "StartJobRun",
            "StopApplication",
        }
    ),
    own={"StartJobRun": _start, "CancelJobRun": _cancel},
)
