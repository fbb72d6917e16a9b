"""Amazon EMR: clusters (job flows) and their steps, which run one after the other. There are no client tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_dagguard.cloud.aws_services.service import (
    FAILED,
    FOUND,
    LIVE,
    OURS,
    STOPPED,
    SUCCEEDED,
    WAITING,
    Body,
    Footprint,
    Holding,
    JobRun,
    Refusal,
    Service,
    Wanted,
)
from pytest_dagguard.model.errors import NotEmulated

_STEP_STATES = {"PENDING": WAITING, "COMPLETED": SUCCEEDED, "FAILED": FAILED, "CANCELLED": STOPPED}
_STEP_WORDS = {SUCCEEDED: "COMPLETED", FAILED: "FAILED", STOPPED: "CANCELLED"}
_GONE = ("TERMINATING", "TERMINATED", "TERMINATED_WITH_ERRORS")
_SECURITY = "emr://security-configurations/"
_HOW = OURS + "how"


def _runs(backend: Any) -> Iterator[JobRun]:
    for cluster in list(backend.clusters.values()):
        if not getattr(cluster, FOUND, False):

            def stop(state: str, cluster: Any = cluster) -> None:
                _close(cluster, state)

            state = getattr(cluster, _HOW, LIVE)
            group = f"clusters/{cluster.name}"
            yield JobRun(cluster.id, cluster.name, {}, state, stop, float("inf"), does=False, group=group)
        for step in list(cluster.steps):

            def end(state: str, cluster: Any = cluster, step: Any = step) -> None:
                step.state = _STEP_WORDS[state]
                _go_on(cluster, step, state)

            state = _STEP_STATES.get(step.state, LIVE)
            does = {"jar": step.hadoop_jar_step}
            yield JobRun(step.id, step.name, does, state, end, float("inf"), group=cluster.name)


def _close(cluster: Any, how: str) -> None:
    """The cluster ends, and with it every step that has not."""
    setattr(cluster, _HOW, how)
    cluster.terminate()
    if how == FAILED:
        cluster.state = "TERMINATED_WITH_ERRORS"
    for each in cluster.steps:
        if each.state in ("PENDING", "RUNNING"):
            each.state = "CANCELLED"


def _go_on(cluster: Any, ended: Any = None, how: str = SUCCEEDED) -> None:
    """What follows the end of a step: the next one, or what the cluster was told to do when one fails or none is left.

    :param how: how the step ended
    """
    if cluster.state in _GONE:
        return
    if how == FAILED and ended.action_on_failure in ("TERMINATE_CLUSTER", "TERMINATE_JOB_FLOW"):
        _close(cluster, FAILED)
        return
    waiting = [each for each in cluster.steps if each.state == "PENDING"]
    if how == FAILED and ended.action_on_failure == "CANCEL_AND_WAIT":
        for each in waiting:
            each.state = "CANCELLED"
        waiting = []
    running = sum(each.state == "RUNNING" for each in cluster.steps)
    for each in waiting[: max(0, (cluster.step_concurrency_level or 1) - running)]:
        each.state = "RUNNING"
        each.start()
    if any(each.state == "RUNNING" for each in cluster.steps):
        cluster.state = "RUNNING"
    elif cluster.keep_job_flow_alive_when_no_steps:
        cluster.state = "WAITING"
    else:
        _close(cluster, SUCCEEDED)


def _cluster_id(body: Body) -> str:
    return str(body.get("ClusterId") or body.get("JobFlowId") or "")


def _groups(backend: Any, action: str, body: Body) -> tuple[str, ...]:
    if action == "RunJobFlow":
        return f"clusters/{body.get('Name')}", str(body.get("Name"))
    ids = [each for each in (_cluster_id(body), *(body.get("JobFlowIds") or ())) if each]
    names = [backend.clusters[each].name if each in backend.clusters else each for each in ids]
    if action == "DescribeCluster":
        return tuple(f"clusters/{each}" for each in names)
    if action == "TerminateJobFlows":
        return tuple(group for each in names for group in (f"clusters/{each}", each))
    return tuple(names)


def _run_ids(action: str, body: Body) -> tuple[str, ...]:
    if action == "DescribeCluster":
        return (_cluster_id(body),)
    return (str(body["StepId"]),) if action == "DescribeStep" and body.get("StepId") else ()


def _prepare(backend: Any, action: str, body: Body) -> None:
    """Have a cluster that is named be there, waiting for steps."""
    wanted = _cluster_id(body)
    if not wanted or wanted in backend.clusters or action == "TerminateJobFlows":
        return
    cluster = _made(backend, wanted, [], {"keep_job_flow_alive_when_no_steps": True}, cluster_id=wanted)
    setattr(cluster, FOUND, True)


def _made(backend: Any, name: str, steps: list[Any], instances: Mapping[str, Any], **more: Any) -> Any:
    """A cluster without machines. moto would make each of them in its EC2."""
    from moto.emr.models import Cluster

    known = dict(instances)
    cluster = Cluster(backend, name, None, "EMR_EC2_DefaultRole", "EMR_DefaultRole", [], known, **more)
    cluster.state = "WAITING"
    _add(cluster, steps)
    return cluster


def _add(cluster: Any, steps: list[Any]) -> list[str]:
    from moto.emr.models import Step

    made = [
        Step(
            "PENDING", each.get("Name", ""), each.get("HadoopJarStep"), each.get("ActionOnFailure", "TERMINATE_CLUSTER")
        )
        for each in steps
    ]
    cluster.steps.extend(made)
    if made:
        _go_on(cluster)
    return [each.id for each in made]


def _run_job_flow(backend: Any, body: Body) -> Body:
    """``RunJobFlow``: a second one with the same name is another cluster."""
    instances = body.get("Instances") or {}
    keep = bool(instances.get("KeepJobFlowAliveWhenNoSteps", False))
    cluster = _made(
        backend,
        str(body.get("Name")),
        list(body.get("Steps") or ()),
        {
            "keep_job_flow_alive_when_no_steps": keep,
            "termination_protected": bool(instances.get("TerminationProtected", False)),
        },
        release_label=body.get("ReleaseLabel"),
        step_concurrency_level=int(body.get("StepConcurrencyLevel") or 1),
    )
    cluster.log_uri = body.get("LogUri")
    cluster.add_tags({each["Key"]: each.get("Value", "") for each in body.get("Tags") or ()})
    if not cluster.steps and not keep:
        _close(cluster, SUCCEEDED)
    return {"JobFlowId": cluster.id, "ClusterArn": cluster.arn}


def _add_steps(backend: Any, body: Body) -> Body | Refusal:
    """``AddJobFlowSteps``: each call adds new steps, whatever their names."""
    cluster = backend.clusters[_cluster_id(body)]
    if cluster.state in _GONE:
        return Refusal(
            "ValidationException", "A job flow that is shutting down, terminated, or finished may not be modified."
        )
    return {"StepIds": _add(cluster, list(body.get("Steps") or ()))}


def _cancel_steps(backend: Any, body: Body) -> Body:
    """``CancelSteps``, which moto does not have."""
    cluster = backend.clusters[_cluster_id(body)]
    found = {each.id: each for each in cluster.steps}
    told = []
    for wanted in body.get("StepIds") or ():
        state = found[wanted].state if wanted in found else ""
        may = state == "PENDING" or (state == "RUNNING" and bool(body.get("StepCancellationOption")))
        told.append({"StepId": wanted, "Status": "SUBMITTED" if may else "FAILED"})
        if may:
            found[wanted].state = "CANCELLED"
    _go_on(cluster)
    return {"CancelStepsInfoList": told}


def _terminate(backend: Any, body: Body) -> Body | Refusal:
    """``TerminateJobFlows``: steps end with their cluster, which moto leaves running."""
    wanted = [str(each) for each in body.get("JobFlowIds") or ()]
    missing = [each for each in wanted if each not in backend.clusters]
    if missing:
        raise NotEmulated(
            "elasticmapreduce", "TerminateJobFlows", f"no task has made or named the cluster {missing[0]}"
        )
    clusters = [backend.clusters[each] for each in wanted]
    if any(each.termination_protected for each in clusters):
        what = "Could not shut down one or more job flows since they are termination protected."
        return Refusal("ValidationException", what)
    for each in clusters:
        if each.state not in _GONE:
            _close(each, STOPPED)
    return {}


def _holds(backend: Any, wanted: Wanted) -> Iterator[Holding]:
    for each in list(backend.security_configurations.values()):
        text = json.dumps(each.security_configuration, sort_keys=True, default=str)
        yield Holding(f"{_SECURITY}{each.name}", "configuration", text.encode())


def _footprint(backend: Any, action: str, body: Body) -> Footprint | None:
    if not action.endswith("SecurityConfiguration"):
        return None
    touched = frozenset({f"{_SECURITY}{body.get('Name')}"})
    return Footprint(min(touched), touched, frozenset() if action.startswith("Describe") else touched)


SERVICE = Service(
    signing="elasticmapreduce",
    host="elasticmapreduce",
    moto="emr",
    name="emr",
    runs=_runs,
    groups=_groups,
    run_ids=_run_ids,
    holds=_holds,
    footprint=_footprint,
    prepare=_prepare,
    verbs=frozenset(
        {
            "AddJobFlowSteps",
            "CancelSteps",
            "CreateSecurityConfiguration",
            "DeleteSecurityConfiguration",
            "DescribeCluster",
            "DescribeSecurityConfiguration",
            "DescribeStep",
            "ListClusters",
            "ListSteps",
            "RunJobFlow",
            "TerminateJobFlows",
        }
    ),
    own={
        "AddJobFlowSteps": _add_steps,
        "CancelSteps": _cancel_steps,
        "RunJobFlow": _run_job_flow,
        "TerminateJobFlows": _terminate,
    },
)
