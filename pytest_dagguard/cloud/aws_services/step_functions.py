"""AWS Step Functions: state machines and their executions. A name is what keeps a second start from doing harm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_dagguard.cloud.aws_services.service import FAILED, LIVE, STOPPED, SUCCEEDED, Body, JobRun, Refusal, Service
from pytest_dagguard.model.errors import NotEmulated

_STATES = {"SUCCEEDED": SUCCEEDED, "FAILED": FAILED, "TIMED_OUT": FAILED, "ABORTED": STOPPED}
_WORDS = {SUCCEEDED: "SUCCEEDED", FAILED: "FAILED", STOPPED: "ABORTED"}
_YEAR = 365 * 86400.0
"""How long Step Functions lets a standard execution run."""

_DEFINITION = '{"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}'
_ABOUT_MACHINES = frozenset({"DescribeStateMachine", "StartExecution", "ListExecutions"})


def _runs(backend: Any) -> Iterator[JobRun]:
    for machine in backend.state_machines:
        for run in machine.executions:

            def end(state: str, run: Any = run) -> None:
                from moto.core.utils import utcnow

                run.status, run.stop_date = _WORDS[state], utcnow()
                run.output = "{}" if state == SUCCEEDED else None

            state = _STATES.get(run.status, LIVE)
            yield JobRun(run.name, machine.name, {"input": run.execution_input}, state, end, _YEAR)


def _machine(body: Body) -> str:
    arn = str(body.get("stateMachineArn") or body.get("executionArn") or "").split(":")
    return arn[6] if len(arn) > 6 else ""


def _groups(backend: Any, action: str, body: Body) -> tuple[str, ...]:
    name = _machine(body)
    return (name,) if name else ()


def _run_ids(action: str, body: Body) -> tuple[str, ...]:
    arn = str(body.get("executionArn") or "").split(":")
    named = arn[7] if len(arn) > 7 else str(body.get("name") or "") if action == "StartExecution" else ""
    return (named,) if named else ()


def _prepare(backend: Any, action: str, body: Body) -> None:
    """Have a state machine that is named be there."""
    arn, name = str(body.get("stateMachineArn", "")), _machine(body)
    if action not in _ABOUT_MACHINES or not name or any(each.name == name for each in backend.state_machines):
        return
    role = f"arn:aws:iam::{backend.account_id}:role/dagguard"
    machine = backend.create_state_machine(name=name, definition=_DEFINITION, roleArn=role)
    machine.arn = ":".join(arn.split(":")[:7])


def _start(backend: Any, body: Body) -> Body | Refusal | None:
    """A name that an ended execution has is taken, whatever its input; moto says so too, if the machine is standard."""
    machine = next((each for each in backend.state_machines if each.name == _machine(body)), None)
    if machine is not None and machine.type == "EXPRESS":
        raise NotEmulated("states", "StartExecution", "executions of express state machines have no names")
    return None


def _stop(backend: Any, body: Body) -> Body | None:
    """``StopExecution``: moto would also abort one that has ended."""
    from moto.core.utils import unix_time

    for machine in backend.state_machines:
        for run in machine.executions:
            if run.execution_arn == body.get("executionArn") and run.status in _STATES:
                return {"stopDate": unix_time(run.stop_date)}
    return None


SERVICE = Service(
    signing="states",
    host="states",
    moto="stepfunctions",
    name="step-functions",
    runs=_runs,
    groups=_groups,
    run_ids=_run_ids,
    prepare=_prepare,
    verbs=frozenset(
        {
            "CreateStateMachine",
            "DeleteStateMachine",
            "DescribeExecution",
            "DescribeStateMachine",
            "ListExecutions",
            "ListStateMachines",
            "StartExecution",
            "StopExecution",
        }
    ),
    own={"StartExecution": _start, "StopExecution": _stop},
)
