"""Amazon SageMaker: training, processing and transform jobs. The name of a job can be used once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from pytest_dagguard.cloud.aws_services.service import (
    FAILED,
    LIVE,
    STOPPED,
    SUCCEEDED,
    Body,
    JobRun,
    Own,
    Refusal,
    Service,
)

_STATES = {"Completed": SUCCEEDED, "Failed": FAILED, "Stopped": STOPPED}
_WORDS = {SUCCEEDED: "Completed", FAILED: "Failed", STOPPED: "Stopped"}
_KINDS = ("Training", "Processing", "Transform")
_LONGEST = 86400.0
"""Seconds after which SageMaker ends a job that says nothing of it."""


def _jobs(backend: Any, kind: str) -> Any:
    return getattr(backend, f"{kind.lower()}_jobs")


def _set(job: Any, kind: str, word: str) -> None:
    setattr(job, f"{kind.lower()}_job_status", word)
    if kind == "Training":
        job.secondary_status = "Training" if word == "InProgress" else word


def _runs(backend: Any) -> Iterator[JobRun]:
    for kind in _KINDS:
        for name, job in _jobs(backend, kind).items():

            def end(state: str, job: Any = job, kind: str = kind) -> None:
                _set(job, kind, _WORDS[state])

            said = getattr(job, "stopping_condition", None) or {}
            limit = float(said.get("MaxRuntimeInSeconds") or _LONGEST)
            state = _STATES.get(getattr(job, f"{kind.lower()}_job_status"), LIVE)
            yield JobRun(name, name, {}, state, end, limit, group=kind.lower())


def _groups(backend: Any, action: str, body: Body) -> tuple[str, ...]:
    return tuple(kind.lower() for kind in _KINDS if f"{kind}Job" in action)


def _run_ids(action: str, body: Body) -> tuple[str, ...]:
    return tuple(str(body[f"{kind}JobName"]) for kind in _KINDS if body.get(f"{kind}JobName"))


def _prepare(backend: Any, action: str, body: Body) -> None:
    """Have the model be there that a transform job is to use."""
    name = str(body.get("ModelName") or "")
    if action == "CreateTransformJob" and name and name not in backend._models:
        role = f"arn:aws:iam::{backend.account_id}:role/dagguard"
        backend.create_model(name, role, {"Image": name}, None, None, None)


def _create(kind: str) -> Own:
    """``CreateXJob``: moto lets a second job replace one of the same name, and has each job end at once."""

    def create(backend: Any, body: Body) -> Body | Refusal:
        from botocore import xform_name

        name = str(body.get(f"{kind}JobName", ""))
        known = _jobs(backend, kind).get(name)
        if known is not None:
            what = f"{kind} job names must be unique within an AWS account and region, and a {kind.lower()} job with"
            return Refusal("ResourceInUse", f"{what} this name already exists ({known.arn})")
        make: Callable[..., Any] = getattr(backend, f"create_{kind.lower()}_job")
        given = {xform_name(key): value for key, value in body.items()}
        if kind == "Training":
            given["algorithm_specification"] = dict(given.get("algorithm_specification") or {})
        job = make(**{key: given.get(key) for key in inspect.signature(make).parameters})
        _set(job, kind, "InProgress")
        return {f"{kind}JobArn": job.arn}

    return create


def _stop(kind: str) -> Own:
    """``StopXJob``, which moto has for one kind alone."""

    def stop(backend: Any, body: Body) -> Body | Refusal:
        wanted = body.get(f"{kind}JobName")
        for run in _runs(backend):
            if (run.group, run.id) == (kind.lower(), wanted):
                if run.state != LIVE:
                    return Refusal("ValidationException", f"The request was rejected: {wanted} is not in progress")
                run.end(STOPPED)
                return {}
        return Refusal("ValidationException", f"Requested resource not found: {wanted}")

    return stop


SERVICE = Service(
    signing="sagemaker",
    host="api.sagemaker",
    runs=_runs,
    groups=_groups,
    run_ids=_run_ids,
    prepare=_prepare,
    verbs=frozenset(
        f"{verb}{kind}Job{'s' if verb == 'List' else ''}"
        for verb in ("Create", "Describe", "List", "Stop")
        for kind in _KINDS
    )
    | {"DescribeModel"},
    own={
        **{f"Create{kind}Job": _create(kind) for kind in _KINDS},
        **{f"Stop{kind}Job": _stop(kind) for kind in _KINDS},
    },
)
