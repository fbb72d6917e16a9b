"""A Job's ``podFailurePolicy``: what the failure of one of its pods means to the Job.

The rules and their words are those of Kubernetes' Job controller; see
https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pytest_dagguard.cloud.kubernetes_api import pod_status
from pytest_dagguard.cloud.kubernetes_api.kinds import Object

COUNT, IGNORE, FAIL_JOB = "Count", "Ignore", "FailJob"
ACTIONS = (COUNT, IGNORE, FAIL_JOB)


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that fits a pod's failure.

    :param action: one of :data:`ACTIONS`
    :param message: what the Job's condition says where it has failed for that
    """

    action: str
    message: str


def match(job: Object, pod: Object) -> Match:
    """What the failure of a pod means: the first rule that fits says it, and where none does it counts."""
    for index, rule in enumerate(rules(job.get("spec"))):
        found = _by_codes(pod, rule.get("onExitCodes")) or _by_conditions(pod, rule.get("onPodConditions"))
        if found and rule.get("action") in ACTIONS:
            return Match(rule["action"], f"{found} matching {rule['action']} rule at index {index}")
    return Match(COUNT, "")


def rules(spec: Any) -> list[Object]:
    """The rules of a Job's policy; none where it has no policy."""
    policy = spec.get("podFailurePolicy") if isinstance(spec, dict) else None
    listed = policy.get("rules") if isinstance(policy, dict) else None
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _by_codes(pod: Object, wanted: Any) -> str:
    if not isinstance(wanted, dict):
        return ""
    values = wanted.get("values")
    values = values if isinstance(values, list) else []
    for name, code in _codes(pod):
        if wanted.get("containerName") not in (None, name):
            continue
        if (code in values) == (wanted.get("operator") == "In"):
            return f"Container {name} for pod {_name(pod)} failed with exit code {code}"
    return ""


def _codes(pod: Object) -> Iterator[tuple[str, int]]:
    """The containers that have ended with a failure, and their exit codes."""
    for each in (*pod_status.containers(pod), *pod_status.containers(pod, True)):
        state, detail = pod_status.state_of(pod, each["name"])
        if state == "terminated" and detail.get("exitCode"):
            yield each["name"], detail["exitCode"]


def _by_conditions(pod: Object, patterns: Any) -> str:
    there = {(each["type"], each["status"]) for each in pod["status"].get("conditions") or []}
    for each in patterns if isinstance(patterns, list) else ():
        if isinstance(each, dict) and (str(each.get("type")), str(each.get("status", "True"))) in there:
            return f"Pod {_name(pod)} has condition {each.get('type')}"
    return ""


def _name(pod: Object) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
