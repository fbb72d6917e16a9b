"""Amazon Athena: queries. They run and end; what they would write or return is not emulated."""

from __future__ import annotations

import hashlib
import re
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
    stand_still,
)

_STATES = {"SUCCEEDED": SUCCEEDED, "FAILED": FAILED, "CANCELLED": STOPPED}
_WORDS = {SUCCEEDED: "SUCCEEDED", FAILED: "FAILED", STOPPED: "CANCELLED"}
_LONGEST = 1800.0
"""Seconds after which Athena ends a query (its default quota for DML)."""

_PRIMARY = "primary"

_COMMENT = re.compile(r"\s*(?:--[^\n]*\n|/\*.*?\*/)", re.DOTALL)
_REPEATABLE = re.compile(
    r"\s*(?:SELECT|WITH|VALUES|SHOW|DESCRIBE|EXPLAIN|MSCK\s+REPAIR"
    r"|DROP\s+\w+\s+IF\s+EXISTS|CREATE\s+(?:EXTERNAL\s+)?\w+\s+IF\s+NOT\s+EXISTS|CREATE\s+OR\s+REPLACE"
    r"|ALTER\s+TABLE\s+\S+\s+(?:ADD\s+IF\s+NOT\s+EXISTS|DROP\s+IF\s+EXISTS))\b",
    re.IGNORECASE,
)
"""Statements that leave the same however often they run; of Athena's, one that begins with WITH only reads."""


def _runs(backend: Any) -> Iterator[JobRun]:
    for run in backend.executions.values():

        def end(state: str, run: Any = run) -> None:
            run.status = _WORDS[state]

        group = run.workgroup.name if run.workgroup is not None else _PRIMARY
        state, same = _STATES.get(run._status, LIVE), _same(run.query)
        yield JobRun(run.id, group, {"query": run.query}, state, end, _LONGEST, same=same)


def _same(query: str) -> str:
    """What stands for all runs of a statement that may be repeated; empty for one that may not."""
    bare = query
    while comment := _COMMENT.match(bare):
        bare = bare[comment.end() :]
    return "any/" + hashlib.sha256(query.encode()).hexdigest()[:12] if _REPEATABLE.match(bare) else ""


def _groups(backend: Any, action: str, body: Body) -> tuple[str, ...]:
    ids = _run_ids(action, body)
    if ids:
        return tuple(dict.fromkeys(run.folder for run in _runs(backend) if run.id in ids))
    return (str(body.get("WorkGroup") or _PRIMARY),)


def _run_ids(action: str, body: Body) -> tuple[str, ...]:
    return (str(body["QueryExecutionId"]),) if body.get("QueryExecutionId") else ()


def _start(backend: Any, body: Body) -> Body | Refusal | None:
    """A client token that was used before gives the query that it started: moto starts another one."""
    group = str(body.get("WorkGroup") or _PRIMARY)
    if group not in backend.work_groups:
        return Refusal("InvalidRequestException", f"WorkGroup {group} is not found.")
    asked = {key: value for key, value in body.items() if key != "ClientRequestToken"}

    def start() -> tuple[str, Body]:
        made = backend.start_query_execution(
            query=body.get("QueryString"),
            context=body.get("QueryExecutionContext") or {},
            config=dict(body.get("ResultConfiguration") or {}),
            workgroup=group,
            execution_parameters=body.get("ExecutionParameters"),
        )
        return made, asked

    made, before = remembered(backend, str(body.get("ClientRequestToken") or ""), start)
    if before != asked:
        return Refusal("InvalidRequestException", "Idempotent parameters do not match")
    return {"QueryExecutionId": made}


def _get(backend: Any, body: Body) -> Refusal | None:
    """moto fails on an id that it does not know."""
    wanted = str(body.get("QueryExecutionId"))
    if wanted in backend.executions:
        return None
    return Refusal("InvalidRequestException", f"QueryExecution {wanted} was not found")


def _stop(backend: Any, body: Body) -> Body | Refusal:
    """moto would also cancel a query that has ended."""
    if refused := _get(backend, body):
        return refused
    for run in _runs(backend):
        if run.id == body.get("QueryExecutionId") and run.state == LIVE:
            run.end(STOPPED)
    return {}


SERVICE = Service(
    signing="athena",
    host="athena",
    runs=_runs,
    groups=_groups,
    run_ids=_run_ids,
    verbs=frozenset(
        {
            "CreateWorkGroup",
            "GetQueryExecution",
            "GetWorkGroup",
            "ListQueryExecutions",
            "ListWorkGroups",
            "StartQueryExecution",
            "StopQueryExecution",
        }
    ),
    own={"StartQueryExecution": _start, "GetQueryExecution": _get, "StopQueryExecution": _stop},
    switch_off=stand_still("athena::execution"),
)
