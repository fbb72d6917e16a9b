"""What the emulator needs to know of one AWS service. A file beside this one has it as ``SERVICE``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

LIVE, SUCCEEDED, FAILED, STOPPED = "live", "succeeded", "failed", "stopped"


@dataclass(frozen=True, slots=True)
class JobRun:
    """One run of a job, as moto has it.

    :param id: the service's id of the run
    :param name: of the job
    :param arguments: what it was started with
    :param state: :data:`LIVE`, :data:`SUCCEEDED`, :data:`FAILED` or :data:`STOPPED`
    :param end: ends the run in one of the last three
    :param limit: seconds after which the service itself ends it
    """

    id: str
    name: str
    arguments: Mapping[str, Any]
    state: str
    end: Callable[[str], None] = field(compare=False, repr=False)
    limit: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of the service's own that is an error.

    :param code: ``EntityNotFoundException``
    """

    code: str
    message: str


Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Service:
    """One AWS service.

    :param signing: the name that requests are signed with
    :param host: first part of its host name
    :param runs: every run that a backend of moto has
    :param job: the name of the job that a request is about, empty where it is about none
    :param run_ids: ids of the runs that a request is about; empty where it is about all runs of the job, or a new one
    :param prepare: called before each request: makes what is named and missing, as buckets are made
    :param own: actions that moto does not have: action -> function of backend and body
    :param verbs: actions that are answered truly; all others are refused by name
    """

    signing: str
    host: str
    runs: Callable[[Any], Iterable[JobRun]]
    job: Callable[[str, Body], str]
    run_ids: Callable[[str, Body], tuple[str, ...]]
    prepare: Callable[[Any, str, Body], None]
    verbs: frozenset[str]
    own: Mapping[str, Callable[[Any, Body], Body | Refusal]] = field(default_factory=dict)
