"""What the emulator needs to know of one AWS service. A file beside this one has it as ``SERVICE``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_dagguard.cloud.emulator import Request, Response
from pytest_dagguard.model.life import Death

WAITING, LIVE, SUCCEEDED, FAILED, STOPPED = "waiting", "live", "succeeded", "failed", "stopped"

OURS = "dagguard_"
"""Begins the names of what is kept in moto's storages beside what moto keeps there."""


@dataclass(frozen=True, slots=True)
class JobRun:
    """One run of a job, as moto has it.

    :param id: the service's id of the run
    :param name: of the job: what the configuration calls it
    :param arguments: what it was started with
    :param state: :data:`WAITING` for its turn, :data:`LIVE`, :data:`SUCCEEDED`, :data:`FAILED` or :data:`STOPPED`
    :param end: ends the run in one of the last three
    :param limit: seconds after which the service itself ends it; infinite where it never does
    :param does: it does something of its own, which the configuration may say; False for what only holds others (a
        cluster), and ends with them
    :param tell: is told how its process ended, before ``end``; None where that is of no concern
    :param group: runs of one group are told from each other by the id alone; empty: ``name``
    :param same: what it does leaves the same however often it is done: runs with the same text here count as one; empty
        where each counts
    """

    id: str
    name: str
    arguments: Mapping[str, Any]
    state: str
    end: Callable[[str], None] = field(compare=False, repr=False)
    limit: float
    does: bool = True
    group: str = ""
    same: str = ""
    tell: Callable[[Death], None] | None = field(default=None, compare=False, repr=False)

    @property
    def folder(self) -> str:
        """Its part of the resource's name before the id."""
        return self.group or self.name


@dataclass(frozen=True, slots=True)
class Instead:
    """What moto is asked in place of a request, where its answer to this has the same form.

    :param action: one that is told by its name and not by its path
    """

    action: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of the service's own that is an error.

    :param code: ``EntityNotFoundException``
    """

    code: str
    message: str
    status: int = 400


Body = Mapping[str, Any]


def _nothing() -> None:
    """Nothing is to be done."""


def _whole(request: Request, fields: Mapping[str, str], body: Body) -> Body:
    """The body is what the request says, with what is in its path."""
    return {**body, **fields}


Own = Callable[[Any, Body], "Body | Refusal | Instead | Response | None"]


@dataclass(frozen=True, slots=True)
class Service:
    """One AWS service.

    :param signing: the name that requests are signed with
    :param host: first part of its host name
    :param runs: every run that a backend of moto has
    :param groups: the groups of runs that a request is about (of backend, action and body), none where it is about none
        or all
    :param run_ids: ids of the runs that a request is about; empty where it is about all of the groups, or a new one
    :param prepare: called before each request: makes what is named and missing, as buckets are made
    :param verbs: actions that are answered truly; all others are refused by name
    :param own: actions that moto does not have, or does not answer as the service does; where such a function of
        backend and body returns None, moto answers after all
    :param moto: moto's name of the service; empty: ``signing``
    :param name: the one in the configuration and in resource names; empty: ``signing``
    :param read: what a request says, of it, the fields in its path, and its body where that is JSON
    :param switch_off: called once: turns off moto's own progress of runs
    """

    signing: str
    host: str
    runs: Callable[[Any], Iterable[JobRun]]
    groups: Callable[[Any, str, Body], tuple[str, ...]]
    run_ids: Callable[[str, Body], tuple[str, ...]]
    prepare: Callable[[Any, str, Body], None]
    verbs: frozenset[str]
    own: Mapping[str, Own] = field(default_factory=dict)
    moto: str = ""
    name: str = ""
    switch_off: Callable[[], None] = _nothing
    read: Callable[[Request, Mapping[str, str], Body], Body] = _whole

    @property
    def label(self) -> str:
        """The name that people read."""
        return self.name or self.signing


def stand_still(model: str) -> Callable[[], None]:
    """Have moto leave the states of one of its models alone: the world's clock decides when a run goes on.

    :param model: as moto's state manager calls it, ``glue::job_run``
    """

    def switch_off() -> None:
        from moto.moto_api import state_manager

        state_manager.set_transition(model, {"progression": "manual", "times": 10**9})

    return switch_off


def remembered(backend: Any, token: str, make: Callable[[], Any]) -> Any:
    """What an earlier request with this client token made, or what ``make`` makes now.

    :param token: empty where the request has none
    """
    name = OURS + "tokens"
    if not hasattr(backend, name):
        setattr(backend, name, {})
    known = getattr(backend, name)
    if not token:
        return make()
    if token not in known:
        known[token] = make()
    return known[token]


def nothing_to_make(backend: Any, action: str, body: Body) -> None:
    """For a service in which nothing has to be there before."""
