"""AWS Batch: queues, definitions and jobs. moto's own jobs are containers in Docker; here none is run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_dagguard.cloud.aws_services.service import (
    FAILED,
    LIVE,
    STOPPED,
    SUCCEEDED,
    WAITING,
    Body,
    JobRun,
    Refusal,
    Service,
    stand_still,
)
from pytest_dagguard.model.errors import NotEmulated

_STATES = {"PENDING": WAITING, "SUCCEEDED": SUCCEEDED, "FAILED": FAILED}
_STOPPED = "dagguard_stopped"


def _runs(backend: Any) -> Iterator[JobRun]:
    for job in list(backend._jobs.values()):

        def end(state: str, job: Any = job) -> None:
            job._mark_stopped(success=state == SUCCEEDED)
            setattr(job, _STOPPED, state == STOPPED)
            _go_on(backend)

        said = job.timeout or job.job_definition.timeout or {}
        limit = float(said.get("attemptDurationSeconds") or "inf")
        state = STOPPED if getattr(job, _STOPPED, False) else _STATES.get(job._status, LIVE)
        does = {"parameters": job.parameters, "overrides": job.container_overrides}
        yield JobRun(job.job_id, job.job_name, does, state, end, limit)


def _go_on(backend: Any) -> None:
    """Start what has waited for others that have succeeded; fail what has waited for one that has failed."""
    for job in backend._jobs.values():
        if job._status == "PENDING":
            before = {backend._jobs[each["jobId"]]._status for each in job.depends_on if each["jobId"] in backend._jobs}
            if "FAILED" in before:
                job._mark_stopped(success=False)
            elif before <= {"SUCCEEDED"}:
                job.status = "RUNNING"


def _groups(backend: Any, action: str, body: Body) -> tuple[str, ...]:
    if action == "SubmitJob":
        return (str(body.get("jobName")),)
    ids = _run_ids(action, body)
    return tuple(dict.fromkeys(run.folder for run in _runs(backend) if run.id in ids))


def _run_ids(action: str, body: Body) -> tuple[str, ...]:
    return tuple(str(each).rpartition("/")[2] for each in (body.get("jobId"), *(body.get("jobs") or ())) if each)


def _prepare(backend: Any, action: str, body: Body) -> None:
    """Have a queue and a job definition that are named be there."""
    if action != "SubmitJob":
        return
    from moto.batch.models import JobQueue

    queue = str(body.get("jobQueue"))
    if backend.get_job_queue(queue) is None:
        made = JobQueue(queue.rpartition("/")[2], "1", "ENABLED", [], [], None, backend)
        made.arn = queue if queue.startswith("arn:") else made.arn
        backend._job_queues[made.arn] = made
    named = str(body.get("jobDefinition"))
    if not _has_definition(backend, named):
        family, _, revision = named.rpartition("/")[2].partition(":")
        container = {"image": family, "vcpus": 1, "memory": 128, "command": []}
        made = backend.register_job_definition(
            family, {}, "container", None, None, container, None, None, {}, [], False
        )
        backend._job_definitions.pop(made.arn)
        made.revision = int(revision or made.revision)
        made.arn = named if named.startswith("arn:") else f"{made.arn.rpartition(':')[0]}:{made.revision}"
        backend._job_definitions[made.arn] = made


def _has_definition(backend: Any, named: str) -> bool:
    if named.startswith("arn:"):  # moto takes a name and a revision for what has a colon
        return backend.get_job_definition_by_arn(named) is not None
    return backend.get_job_definition(named) is not None


def _submit(backend: Any, body: Body) -> Body:
    """``SubmitJob``: moto would start a container. Two jobs may have the same name, and there is no client token."""
    from pytest_dagguard.cloud.aws_services._batch_job import Still

    for each in ("arrayProperties", "nodeOverrides"):
        if body.get(each):
            raise NotEmulated("batch", "SubmitJob", f"jobs with {each} are not emulated")
    job = Still(
        body["jobName"],
        backend.get_job_definition(body["jobDefinition"]),
        backend.get_job_queue(body["jobQueue"]),
        backend,
        log_backend=None,
        container_overrides=body.get("containerOverrides"),
        eks_properties_override=body.get("eksPropertiesOverride"),
        depends_on=body.get("dependsOn") or [],
        parameters=body.get("parameters"),
        all_jobs={},
        timeout=body.get("timeout"),
        array_properties={},
        tags=body.get("tags"),
    )
    backend._jobs[job.job_id] = job
    job.log_stream_name = job._stream_name
    job._start_attempt()
    job.status = "PENDING"
    _go_on(backend)
    return {"jobName": job.job_name, "jobId": job.job_id, "jobArn": job.arn}


def _terminate(backend: Any, body: Body) -> Body:
    """``TerminateJob``: moto leaves it to the container's thread."""
    for run in _runs(backend):
        if run.id == body.get("jobId") and run.state in (LIVE, WAITING):
            backend._jobs[run.id].job_stopped_reason = body.get("reason")
            run.end(STOPPED)
    return {}


def _cancel(backend: Any, body: Body) -> Body:
    """``CancelJob``: ends what has not begun, and nothing else."""
    for run in _runs(backend):
        if run.id == body.get("jobId") and run.state == WAITING:
            run.end(STOPPED)
    return {}


def _describe(backend: Any, body: Body) -> Body | Refusal:
    """``DescribeJobs``: without ids moto gives all jobs, Batch none."""
    wanted = [str(each) for each in body.get("jobs") or ()]
    return {"jobs": backend.describe_jobs(wanted) if wanted else []}


SERVICE = Service(
    signing="batch",
    host="batch",
    runs=_runs,
    groups=_groups,
    run_ids=_run_ids,
    prepare=_prepare,
    verbs=frozenset(
        {
            "CancelJob",
            "DescribeJobDefinitions",
            "DescribeJobQueues",
            "DescribeJobs",
            "ListJobs",
            "RegisterJobDefinition",
            "SubmitJob",
            "TerminateJob",
        }
    ),
    own={"SubmitJob": _submit, "TerminateJob": _terminate, "CancelJob": _cancel, "DescribeJobs": _describe},
    switch_off=stand_still("batch::job"),
)
