"""Amazon ECS: tasks that are run by themselves. Services, instances and networks are not emulated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_dagguard.cloud.aws_services.service import (
    FAILED,
    LIVE,
    STOPPED,
    SUCCEEDED,
    Body,
    Instead,
    JobRun,
    Refusal,
    Service,
    remembered,
    stand_still,
)

_ENDED = "dagguard_ended"
_EXIT_CODES = {SUCCEEDED: 0, FAILED: 1, STOPPED: 137}
_DEFAULT = "default"


def _runs(backend: Any) -> Iterator[JobRun]:
    for tasks in backend.tasks.values():
        for task in tasks.values():

            def end(state: str, task: Any = task) -> None:
                setattr(task, _ENDED, state)
                task.last_status = task.desired_status = "STOPPED"
                task.stopped_reason = task.stopped_reason or "Essential container in task exited"
                for each in task.containers:
                    each.exitCode, each.last_status = _EXIT_CODES[state], "STOPPED"

            family = task.task_definition_arn.rpartition("/")[2].partition(":")[0]
            state = getattr(task, _ENDED, STOPPED if task._status == "STOPPED" else LIVE)
            yield JobRun(task.id, family, {"overrides": task.overrides}, state, end, float("inf"))


def _cluster(body: Body) -> str:
    return str(body.get("cluster") or _DEFAULT).rpartition("/")[2]


def _family(body: Body) -> str:
    return str(body.get("taskDefinition") or body.get("family") or "").rpartition("/")[2].partition(":")[0]


def _groups(backend: Any, action: str, body: Body) -> tuple[str, ...]:
    if family := _family(body):
        return (family,)
    ids = _run_ids(action, body)
    return tuple(dict.fromkeys(run.folder for run in _runs(backend) if run.id in ids))


def _run_ids(action: str, body: Body) -> tuple[str, ...]:
    named = [body.get("task"), *(body.get("tasks") or ())]
    return tuple(str(each).rpartition("/")[2] for each in named if each)


def _prepare(backend: Any, action: str, body: Body) -> None:
    """Have a cluster and a task definition that are named be there."""
    if action in ("RunTask", "ListTasks", "DescribeTasks", "StopTask") and _cluster(body) not in backend.clusters:
        backend.create_cluster(_cluster(body))
    family = _family(body)
    if action in ("RunTask", "DescribeTaskDefinition") and family and family not in backend.task_definitions:
        container = {"name": family, "image": family, "memory": 128}
        backend.register_task_definition(family, [container])


def _run(backend: Any, body: Body) -> Instead | Refusal:
    """``RunTask``: moto wants instances and subnets, and takes no notice of the client token."""
    definition = backend.describe_task_definition(str(body.get("taskDefinition")))
    mode = definition.network_mode

    def run() -> list[str]:
        made = backend.run_task(
            _cluster(body),
            body.get("taskDefinition"),
            int(body.get("count") or 1),
            body.get("overrides"),
            body.get("startedBy"),
            body.get("tags"),
            "FARGATE",
            group=body.get("group"),
            platform_version=body.get("platformVersion"),
        )
        for each in made:
            each.launch_type = str(body.get("launchType") or "EC2")
        return [each.task_arn for each in made]

    definition.network_mode = None
    try:
        arns = remembered(backend, str(body.get("clientToken") or ""), run)
    finally:
        definition.network_mode = mode
    return Instead("DescribeTasks", {"cluster": _cluster(body), "tasks": arns})


def _stop(backend: Any, body: Body) -> Instead | Refusal | None:
    """Its containers end as well: moto leaves them as they are."""
    for run in _runs(backend):
        if run.id in _run_ids("StopTask", body) and run.state == LIVE:
            run.end(STOPPED)
    return None


SERVICE = Service(
    signing="ecs",
    host="ecs",
    runs=_runs,
    groups=_groups,
    run_ids=_run_ids,
    prepare=_prepare,
    verbs=frozenset(
        {
            "CreateCluster",
            "DescribeClusters",
            "DescribeTaskDefinition",
            "DescribeTasks",
            "ListTasks",
            "RegisterTaskDefinition",
            "RunTask",
            "StopTask",
        }
    ),
    own={"RunTask": _run, "StopTask": _stop},
    switch_off=stand_still("ecs::task"),
)
