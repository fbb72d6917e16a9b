"""What the emulator needs to know of one AWS service. A file beside this one has it as ``SERVICE``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_dagguard.cloud.emulator import Request, Response
from pytest_dagguard.model.life import Death
from pytest_dagguard.model.seed import Seed

WAITING, LIVE, SUCCEEDED, FAILED, STOPPED = "waiting", "live", "succeeded", "failed", "stopped"

OURS = "dagguard_"
"""Begins the names of what is kept in moto's storages beside what moto keeps there."""

FOUND = OURS + "found"
"""Marks what was named and missing, and so was made: it stands for what is there in production, and is no change."""


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
class Holding:
    """Something that a service keeps for whoever asks: a parameter, a secret, an item of a table, a message.

    :param name: the resource, ``ssm://db/url``
    :param kind: of the entry in the state
    :param version: what does not count beside the content and may be asked for
    :param headers: what counts beside the content: (name, value), sorted
    """

    name: str
    kind: str
    content: bytes
    version: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Footprint:
    """What an action is about that is no run of a job.

    :param shown: the resource that is told
    """

    shown: str
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Instead:
    """What moto is asked in place of a request, where its answer to this has the same form.

    :param action: one that is told by its name, and not by its path or in a form
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


def _nothing(now: Callable[[], float]) -> None:
    """Nothing is to be done."""


def nothing_to_make(backend: Any, action: str, body: Body) -> None:
    """For a service in which nothing has to be there before."""


def _no_seed(seed: Seed) -> Mapping[str, Any]:
    """The seed has nothing for this service."""
    return {}


def _nothing_to_sow(backend: Any, part: Mapping[str, Any]) -> None:
    """The seed has nothing for this service."""


def _nothing_lapses(backend: Any, seconds: float) -> None:
    """Nothing of this service expires by itself."""


def _no_footprint(backend: Any, action: str, body: Body) -> Footprint | None:
    """All actions are about runs of jobs."""
    return None


def _as_it_is(request: Request, region: str) -> Request:
    """The request needs no change."""
    return request


def _whole(request: Request, fields: Mapping[str, str], body: Body) -> Body:
    """The body is what the request says, with what is in its path."""
    return {**body, **fields}


Wanted = Callable[[str], bool]
"""Says of a resource's name whether it is asked for."""

Own = Callable[[Any, Body], "Body | Refusal | Instead | Response | None"]


@dataclass(frozen=True, slots=True)
class Service:
    """One AWS service: of jobs and their runs, of what it keeps, or of both.

    :param signing: the name that requests are signed with
    :param host: first part of its host name
    :param verbs: actions that are answered truly; all others are refused by name
    :param runs: every run that a backend of moto has
    :param groups: the groups of runs that a request is about (of backend, action and body), none where it is about none
        or all
    :param run_ids: ids of the runs that a request is about; empty where it is about all of the groups, or a new one
    :param holds: all that a backend of moto keeps and that is no run; what is not wanted may be left out. The names
        begin with ``label``
    :param footprint: what an action is about that is no run; None for one that is about runs
    :param prepare: called before each request: makes what is named and missing, as buckets are made
    :param seed: what of the seed is for this service
    :param sow: puts that into an empty backend
    :param own: actions that moto does not have, or does not answer as the service does; where such a function of
        backend and body returns None, moto answers after all
    :param moto: moto's name of the service; empty: ``signing``
    :param name: the one in the configuration and in resource names; empty: ``signing``
    :param read: what a request says, of it, the fields in its path, and its body where that is JSON
    :param switch_off: called once: turns off moto's own progress of runs, and all else that goes by itself. It is given
        a clock in seconds since 1970 which does not go with the clocks of attempts, for what expires
    :param rewrite: the request (and a region) as moto is to see it
    :param lapse: lets seconds pass for what expires by itself, and for nothing else
    :param regional: False: what is in one region is in all, since a seed says nothing of regions
    :param beside: services (by signing) into whose storages it writes too
    :param emulated: what of the service is, in words that follow "of ssm,"
    """

    signing: str
    host: str
    verbs: frozenset[str]
    runs: Callable[[Any], Iterable[JobRun]] = lambda backend: ()
    groups: Callable[[Any, str, Body], tuple[str, ...]] = lambda backend, action, body: ()
    run_ids: Callable[[str, Body], tuple[str, ...]] = lambda action, body: ()
    holds: Callable[[Any, Wanted], Iterable[Holding]] = lambda backend, wanted: ()
    footprint: Callable[[Any, str, Body], Footprint | None] = _no_footprint
    prepare: Callable[[Any, str, Body], None] = nothing_to_make
    seed: Callable[[Seed], Mapping[str, Any]] = _no_seed
    sow: Callable[[Any, Mapping[str, Any]], None] = _nothing_to_sow
    own: Mapping[str, Own] = field(default_factory=dict)
    moto: str = ""
    name: str = ""
    switch_off: Callable[[Callable[[], float]], None] = _nothing
    read: Callable[[Request, Mapping[str, str], Body], Body] = _whole
    rewrite: Callable[[Request, str], Request] = _as_it_is
    lapse: Callable[[Any, float], None] = _nothing_lapses
    regional: bool = True
    beside: tuple[str, ...] = ()
    emulated: str = "jobs and their runs are emulated"

    @property
    def label(self) -> str:
        """The name that people read."""
        return self.name or self.signing


def stand_still(*models: str) -> Callable[[Callable[[], float]], None]:
    """Have moto leave the states of some of its models alone: the world's clock decides when a run goes on.

    :param models: as moto's state manager calls them, ``glue::job_run``
    """

    def switch_off(now: Callable[[], float]) -> None:
        from moto.moto_api import state_manager

        for model in models:
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
