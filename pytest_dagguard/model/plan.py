"""A plan: the attempts and faults of a scenario. A schedule: one way to order them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.history import Event, History
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Run:
    """Let an attempt go on (start it where it has not started).

    :param attempt: 1 for the first attempt, 2 for its retry
    :param until: stop when this operation has taken effect, its answer withheld; None: to its end
    :param retries: where it fails, as many further tries follow at once, each an attempt of its own
    :param may_end: it may as well end before it comes to that operation; if it succeeds, the schedule ends with it
    """

    attempt: int
    until: Selector | None = None
    retries: int = 0
    may_end: bool = False


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL for an attempt and all its processes."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Terminate:
    """SIGTERM for an attempt, as its supervisor passes it on; the attempt's own handler decides what comes of it."""

    attempt: int


PIECEWISE = frozenset({("s3", "DeleteObjects"), ("gcs", "batch")})
"""Operations (service, verb) that the service carries out for one resource after the other: they may stop half way.

A part of a multipart upload that does not arrive whole is dropped by the service, and what arrives of a chunk of a
resumable upload is known to nobody but its client: there a half way is no state of its own.
"""


@dataclass(frozen=True, slots=True)
class Disturb:
    """The service answers one operation of an attempt badly; the attempt lives on.

    :param at: which operation
    :param kind: ``429 before``, ``503 before``, ``503 after`` or ``reset after``: before or after it takes effect;
        ``half``: it takes effect for the first half of its resources, see :data:`PIECEWISE`
    """

    attempt: int
    at: Selector
    kind: str


@dataclass(frozen=True, slots=True)
class Order:
    """Operations that an attempt has under way at the same time take effect in this order; others are not held up.

    After the attempt's first stop it holds for what has been sent by then.

    :param order: each waits until those before it have taken effect, so it must not be one that they wait for
    """

    attempt: int
    order: tuple[Selector, ...]


@dataclass(frozen=True, slots=True)
class Elapse:
    """Time passes while no attempt runs: the pods and jobs that were started come to their end."""


@dataclass(frozen=True, slots=True)
class Drift:
    """The inputs of the task change: what is in each of the plan's ``inputs`` becomes something else."""


@dataclass(frozen=True, slots=True)
class Endless:
    """From here on no pod and no external job that is started ends by itself."""


@dataclass(frozen=True, slots=True)
class Onward:
    """The tasks after this one run in the same world, as Airflow would have them run, while anything is under way."""


FATES = ("pending", "evicted", "node-lost", "oom-killed")
"""What can befall a pod; a token has the number of one, so their order is for good."""


@dataclass(frozen=True, slots=True)
class Befall:
    """Something befalls the first pod that is started from now on.

    :param fate: one of :data:`FATES`
    :param at: after how many of its operations; 0: as it starts
    :param delay: seconds for which it stays Pending, for the fate of that name
    """

    fate: str
    at: int = 0
    delay: float = 0.0


LOST, TWICE, GONE = "lost", "twice", "gone"
DELIVERIES = (LOST, TWICE, GONE)
"""What can go wrong with the message that starts a task; a token has the number of one, so their order is for good."""


@dataclass(frozen=True, slots=True)
class Deliver:
    """The task is run by Celery workers, and something goes wrong with its message.

    :param kind: one of :data:`DELIVERIES`: it is lost; it is delivered twice; the worker that has it is gone
    """

    kind: str


Step = Run | Kill | Terminate | Disturb | Order | Drift | Elapse | Befall | Endless | Onward | Deliver
Schedule = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a scenario wants to know of one task.

    :param scenario: its name
    :param strategy: name of the search in ``explore`` that turns the plan into trials
    :param retries: how many tries follow the fault at most (at least one: somebody clears the task)
    :param cleared: True where the second attempt is somebody's clear and not Airflow's own retry
    :param gap: seconds by which the clock of attempt n+1 is ahead of attempt n
    :param peer: what attempt 2 is: empty for a further try of the same task instance, ``interval`` for the same task in
        the DAG run of the next day, ``index`` for the next map index of a mapped task
    :param pending: seconds for which the task waits for a pod to start
    :param drifts: whether the scenario has the inputs change
    :param inputs: names of the inputs that can be changed; filled in when the task's clean run is known
    """

    scenario: str
    strategy: str
    retries: int = 1
    cleared: bool = False
    gap: float = 0.0
    peer: str = ""
    pending: float = 0.0
    drifts: bool = False
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """An operation of the clean run, as a place at which something can be done to the attempt.

    :param event: as it was seen in the clean run
    :param selector: finds it again in another run
    :param name: verb and resource for people, volatile parts of the name as ``<uuid>`` and the like
    :param state: names the state after it, by content, equal for states that differ in volatile names alone; 0 for the
        state that the experiment began with
    """

    event: Event
    selector: Selector
    name: str
    state: int = 0

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Trial:
    """One experiment that a search asks for.

    :param fault: what happens in it, in words that fit after "when": ``attempt 1 is killed after PutObject s3://b/k``
    :param at: the operation that the fault falls on, None where there is none
    :param again: it is to be run even where the same schedule was run before
    """

    schedule: Schedule
    fault: str
    at: Point | None = None
    again: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Judged:
    """What a trial came to.

    :param late: True where the budget is used up, so that the search has to end
    :param points: number of an attempt -> its operations
    """

    outcome: Outcome
    findings: tuple[Finding, ...]
    late: bool = False
    points: Mapping[int, tuple[Point, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hit:
    """A finding with the trial that showed it.

    :param confirmed: in how many of ``repeated`` repetitions it showed again
    """

    finding: Finding
    trial: Trial
    outcome: Outcome
    confirmed: int = 0
    repeated: int = 0


@dataclass(slots=True)
class Search:
    """What a search came to.

    :param kill_states: (tried, known)
    :param bounded: the budget ended the search
    :param cut: it did so before all was tried that the scenario promises, so that nothing can be concluded
    :param unreached: why trials were no evidence, ``(reason, group)``
    :param traces: histories of runs of two attempts, of which further ones may make use
    :param remarks: what could not be tried as it was meant, one line each
    """

    hits: list[Hit] = field(default_factory=list)
    kill_states: tuple[int, int] = (0, 0)
    schedules: int = 0
    closed: bool = False
    bounded: bool = False
    cut: bool = False
    unreached: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    traces: list[History] = field(default_factory=list)


Searching = Generator[Trial, Judged, Search]
Strategy = Callable[[Plan, tuple[Point, ...]], Searching]
