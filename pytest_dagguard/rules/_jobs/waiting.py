"""Whether an operator starts something outside of Airflow, and whether it waits for its end.

Derived from the signature: providers call the argument ``wait_for_completion``, ``wait_for_termination``, ``wait``,
``wait_policy``, ``asynchronous`` and so on, and the class keeps it under the same name. Of 202 operators that match,
155 have a real switch; for 47 ``deferrable`` is the only one, and those wait in the worker where it is off.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pytest_dagguard.model.dag import Opaque, Task, XCom
from pytest_dagguard.rules._jobs import exceptions

_SWITCH = re.compile(r"asynchronous|wait|wait_policy|wait_(for|until|to|job)_\w+")
_NO_SWITCH = frozenset({"wait_for_downstream", "wait_for_past_depends_before_skipping", "wait_for_indexing"})
_ENDS = re.compile(r"(Delete|Terminate|Stop|Pause|Cancel|Remove|Hibernate|Reboot|Revoke|Detach)")
"""Words in the names of operators that end something: what they started, if anything, ends by itself."""
_CHECKS = re.compile(r"(Check|GetData|Get\w*Result\w*)Operator$")
_INFRASTRUCTURE = re.compile(
    r"(Create|Start|Resume|Update|Copy)\w*(Cluster|Nodegroup|FargateProfile|Instance|Db|Snapshot|Environment|Notebook"
    r"|NoteBook|Application|Endpoint|Function|Lake|Runtime|Throughput|KnowledgeBase|Subscription|Graph|Session)\w*Operator$"
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What an operator does after it has started something.

    :param waits: True, False, or None where only the run tells
    :param blocks: it waits in the worker, as far as is known
    :param switch: name of the argument that decides; empty where there is none
    :param value: of that argument
    :param default: nobody has set it
    :param can_defer: it has ``deferrable``
    :param can_resume: it has ``durable``, so that a retry finds the job that was started
    """

    waits: bool | None
    blocks: bool
    switch: str = ""
    value: Any = None
    default: bool = False
    can_defer: bool = False
    can_resume: bool = False

    @property
    def quoted(self) -> str:
        """The argument as one would write it."""
        if not self.switch:
            return "it has no argument to wait"
        return f"{self.switch}={self.value!r}" + (" (its default)" if self.default else "")


def waiting(task: Task) -> Waiting | None:
    """What is known of the waiting of an operator; None where it starts no job, as far as is known."""
    if task.is_a("BaseSensorOperator", "TriggerDagRunOperator", *exceptions.NOT_JOBS) or not _starts(task):
        return None
    given = task.arguments
    can_defer = "deferrable" in given or "deferrable" in task.expanded
    can_resume = "durable" in given
    switch = _switch(task)
    if switch is None and not can_defer and not task.is_a(*exceptions.NO_SWITCH):
        return None
    name = switch or ("deferrable" if can_defer else "")
    value = given.get(name)
    facts: dict[str, Any] = {
        "switch": name,
        "value": value,
        "default": name not in task.given and value == task.defaults.get(name, value),
        "can_defer": can_defer,
        "can_resume": can_resume,
    }
    deferred = _truth(task, "deferrable") if can_defer else False
    told = _told(task, switch)
    if deferred:
        return Waiting(True, False, **facts)
    if told is None or deferred is None:
        return Waiting(None, False, **facts)
    return Waiting(told, told, **facts)


def _starts(task: Task) -> bool:
    """Say whether it starts a job: it does not end or look at something, and does not set up infrastructure."""
    return not (_ENDS.search(task.kind) or _CHECKS.search(task.kind) or _INFRASTRUCTURE.search(task.kind))


def _switch(task: Task) -> str | None:
    """The argument that decides; where there are two (EmrCreateJobFlow), the one that is set."""
    names = [
        name
        for name in (*task.arguments, *task.expanded)
        if (_SWITCH.fullmatch(name) and name not in _NO_SWITCH) or name in exceptions.SYNC
    ]
    if not names and task.is_a(*exceptions.POLLING_INTERVAL_ZERO):
        return "polling_interval"
    named = [name for name in names if name in task.given]
    return next(iter([*named, *names]), None)


def _told(task: Task, switch: str | None) -> bool | None:
    """Whether it waits without ``deferrable``; None where only the run tells."""
    if task.is_a(*exceptions.NO_SWITCH, *exceptions.RETURNS_UNLESS_DEFERRED):
        return False
    if switch is None:
        return True  # it can be deferred and has no other argument: it waits in the worker
    if switch == "wait_until_finished" and task.is_a(*exceptions.STREAMING_RETURNS) and not task.arguments.get(switch):
        return None if task.arguments.get(switch) is None else False
    said = _truth(task, switch)
    if said is None:
        return None
    return not said if switch == "asynchronous" else said


def _truth(task: Task, name: str) -> bool | None:
    """An argument as true or false; None where it is a template, an XCom, or mapped."""
    value = task.arguments.get(name)
    if name in task.expanded or isinstance(value, (XCom, Opaque)):
        return None
    if isinstance(value, str):
        text = value.strip().lower()
        return None if "{{" in text or "{%" in text else text not in ("", "false", "0", "no", "none")
    return bool(value)
