"""An attempt: one execution of one task in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_dagguard.model.history import Frame
from pytest_dagguard.model.life import Birth


@dataclass(frozen=True, slots=True)
class AttemptSpec:
    """All that the stage needs to run one attempt.

    :param actor: the attempt's name in the history, ``attempt 1``
    :param file: the DAG file; empty for an operator object of a hand-written test
    :param ti_id: Airflow's task instance id of this try, a UUID as text
    :param map_index: -1 for a task that is not mapped
    :param clock_shift: seconds by which the attempt's wall clock is ahead of the real one
    :param endpoints: emulator name -> base URL on the ports of this attempt
    :param environment: variables to set in the attempt
    :param where: True where the attempt shall answer the tap's question which line it is at
    :param seed: varied between the two clean runs: hash seed of subprocesses and the like
    :param now: virtual seconds since the experiment began
    """

    actor: str
    file: str
    dag_id: str
    task_id: str
    run_id: str
    logical_date: str
    ti_id: str
    try_number: int
    map_index: int = -1
    clock_shift: float = 0.0
    endpoints: tuple[tuple[str, str], ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    where: bool = False
    seed: int = 0
    now: float = 0.0


@dataclass(frozen=True, slots=True)
class LifeSpec:
    """All that the stage needs to run a pod or a job.

    :param endpoints: emulator name -> base URL on its own ports
    :param environment: variables to set for it
    :param clock_shift: seconds by which its wall clock is ahead of the real one
    :param now: virtual seconds since the experiment began
    """

    birth: Birth
    endpoints: tuple[tuple[str, str], ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    clock_shift: float = 0.0
    now: float = 0.0


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """How an attempt ended.

    :param actor: as in the spec
    :param state: Airflow's name of the state it reported (``success``, ``failed``, ``up_for_retry``, ``skipped``,
        ``deferred``, ``up_for_reschedule``), ``refused`` where Airflow's API did not let it start, ``killed`` where we
        killed it, ``crashed`` where it ended without saying how; of a trigger ``fired``
    :param error: type and text of the exception, empty where there was none
    :param error_kind: dotted path of the exception's class
    :param trace: the repository's frames of the exception, innermost first
    :param seconds: wall time
    :param egress: connections that were refused, ``host:port``
    :param log: the attempt's log as text, the end of it where it is long
    :param details: figures by name: ``rss`` (bytes), ``grown`` (bytes more than at its start), ``cpu`` (seconds),
        ``programs`` (whether it has run any), ``slept`` (virtual seconds), ``patience`` (seconds that a sensor gives
        itself, None for any other task), ``wall`` (its wall clock at the end, seconds since 1970); of a trigger
        ``method`` and ``kwargs`` to go on with
    """

    actor: str
    state: str
    error: str = ""
    error_kind: str = ""
    trace: tuple[Frame, ...] = ()
    seconds: float = 0.0
    egress: tuple[str, ...] = ()
    log: str = ""
    details: tuple[tuple[str, Any], ...] = ()

    @property
    def succeeded(self) -> bool:
        """True where Airflow would go on with the tasks downstream of it, or rightly skip them."""
        return self.state in ("success", "skipped")
