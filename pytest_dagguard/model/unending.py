"""What came of a task, and of the tasks after it, where nothing that was started ends by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

WAITING = "waiting"
"""State of a task that waits for ever."""

UNTRIED = "untried"
"""State of a task that was not run."""


@dataclass(frozen=True, slots=True)
class Stand:
    """How one task came out of it. Times in virtual seconds since the first task began.

    :param state: Airflow's name of the state it ended in, :data:`WAITING` or :data:`UNTRIED`
    :param tries: how many were run
    :param more: how many further ones Airflow would make, each like the last
    :param each: seconds that the last try took
    :param why: text of its exception
    :param kind: dotted path of the exception's class
    """

    task_id: str
    state: str
    began: float = 0.0
    ended: float = 0.0
    tries: int = 1
    more: int = 0
    each: float = 0.0
    why: str = ""
    kind: str = ""

    @property
    def at_most(self) -> float:
        """When Airflow makes no further try, pauses between tries not counted."""
        return self.ended + self.more * self.each


@dataclass(frozen=True, slots=True)
class Unending:
    """What came of all.

    :param started: what was started that could not end, by its name in the configuration: ``glue:nightly``
    :param stands: the task, and those after it that were looked at
    :param left: what was still under way in the end: resource -> seconds since the first task began at which the
        service ends it by itself, infinite where it never does
    :param run_bounded: the DAG has a dagrun_timeout
    """

    started: tuple[str, ...] = ()
    stands: tuple[Stand, ...] = ()
    left: Mapping[str, float] = field(default_factory=dict)
    run_bounded: bool = False
