"""A plan: the attempts and faults of a scenario. A schedule: one way to order them."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_dagguard.model.operation import Selector


@dataclass(frozen=True, slots=True)
class Run:
    """Let an attempt go on (start it where it has not started).

    :param attempt: 1 for the first attempt, 2 for its retry
    :param until: stop when this operation has taken effect, its answer withheld; None: to its end
    :param retries: where it fails, as many further tries follow at once, each an attempt of its own
    """

    attempt: int
    until: Selector | None = None
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL for an attempt and all its processes."""

    attempt: int


Step = Run | Kill
Schedule = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a scenario wants to know of one task.

    :param scenario: its name
    :param strategy: name of the search in ``explore`` that turns the plan into schedules
    :param retries: how many tries Airflow grants after the fault (at least one: somebody clears the task)
    :param cleared: True where the task has no retries of its own, so that the second attempt is somebody's clear
    :param gap: seconds by which the clock of attempt n+1 is ahead of attempt n
    """

    scenario: str
    strategy: str
    retries: int = 1
    cleared: bool = False
    gap: float = 0.0
    options: dict[str, str] = field(default_factory=dict)
