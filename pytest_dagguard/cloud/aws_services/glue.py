"""AWS Glue: jobs and their runs, and the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_dagguard.cloud.aws_services import _glue_catalog as catalog
from pytest_dagguard.cloud.aws_services.service import (
    FAILED,
    LIVE,
    STOPPED,
    SUCCEEDED,
    Body,
    JobRun,
    Service,
    stand_still,
)

_STATES = {"SUCCEEDED": SUCCEEDED, "FAILED": FAILED, "TIMEOUT": FAILED, "ERROR": FAILED, "STOPPED": STOPPED}
_WORDS = {SUCCEEDED: "SUCCEEDED", FAILED: "FAILED", STOPPED: "STOPPED"}
_TIMEOUT = 2880
"""Minutes after which Glue ends a run of a job that says nothing else."""

_JOB_VERBS = frozenset({"GetJob", "UpdateJob", "StartJobRun", "GetJobRun", "GetJobRuns", "BatchStopJobRun"})


def _runs(backend: Any) -> Iterator[JobRun]:
    for job in backend.jobs.values():
        for run in job.job_runs:

            def end(state: str, run: Any = run) -> None:
                run.status = _WORDS[state]

            # the present status, without moto's own progress from one look to the next
            state = _STATES.get(run._status, LIVE)
            limit = float(run.timeout or getattr(job, "timeout", None) or _TIMEOUT) * 60
            yield JobRun(run.job_run_id, job.name, dict(run.arguments or {}), state, end, limit)
    yield from catalog.crawls(backend)


def _job(action: str, body: Body) -> str:
    return str(body.get("JobName") or body.get("Name") or "")


def _groups(backend: Any, action: str, body: Body) -> tuple[str, ...]:
    if action == catalog.START:
        return (f"crawlers/{body.get('Name')}",)
    return tuple(filter(None, [_job(action, body)]))


def _run_ids(action: str, body: Body) -> tuple[str, ...]:
    named = body.get("JobRunIds") if action == "BatchStopJobRun" else [body.get("RunId")]
    return tuple(str(each) for each in named or () if each)


def _prepare(backend: Any, action: str, body: Body) -> None:
    """Have what is named be there: a job as its owner made it, with Glue's own defaults, one run at a time."""
    catalog.prepare(backend, action, body)
    name = _job(action, body)
    if action not in _JOB_VERBS or not name or name in backend.jobs:
        return
    import inspect

    from moto.glue.models import FakeJob

    known = inspect.signature(FakeJob.__init__).parameters
    given: dict[str, Any] = {"name": name, "role": "dagguard", "command": {"Name": "glueetl"}, "backend": backend}
    given.update(execution_property={"MaxConcurrentRuns": 1}, default_arguments={}, tags={})
    backend.jobs[name] = FakeJob(**{key: given.get(key) for key in known if key != "self"})


def _stop(backend: Any, body: Body) -> Body:
    """``BatchStopJobRun``, which moto does not have."""
    wanted, done, failed = list(body.get("JobRunIds", ())), [], []
    for run in _runs(backend):
        if run.name == body.get("JobName") and run.id in wanted:
            wanted.remove(run.id)
            if run.state == LIVE:
                run.end(STOPPED)
            done.append({"JobName": run.name, "JobRunId": run.id})
    for each in wanted:
        detail = {"ErrorCode": "JobRunNotFoundException", "ErrorMessage": f"Job run {each} not found"}
        failed.append({"JobName": body.get("JobName"), "JobRunId": each, "ErrorDetail": detail})
    return {"SuccessfulSubmissions": done, "Errors": failed}


SERVICE = Service(
    signing="glue",
    host="glue",
    runs=_runs,
    groups=_groups,
    holds=catalog.holds,
    footprint=catalog.footprint,
    run_ids=_run_ids,
    prepare=_prepare,
    verbs=frozenset({*_JOB_VERBS, "CreateJob", "DeleteJob", "GetJobs", "ListJobs", "BatchGetJobs"}) | catalog.VERBS,
    own={
        "BatchStopJobRun": _stop,
        "DeleteCrawler": catalog.delete,
        "GetCrawler": catalog.get,
        "GetCrawlers": catalog.get_all,
        "GetCrawlerMetrics": catalog.metrics,
        "UpdateCrawler": catalog.update,
    },
    switch_off=stand_still("glue::job_run", "glue::crawl"),
    emulated="jobs, databases, tables, partitions and crawlers are emulated",
)
