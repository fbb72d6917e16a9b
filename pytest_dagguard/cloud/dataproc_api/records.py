"""What there is in Dataproc. Values do not change; a change replaces one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_dagguard.cloud.clock import Alarm

RUNNING, CANCELLING, CANCELLED, SUCCEEDED, FAILED = "RUNNING", "CANCELLING", "CANCELLED", "SUCCEEDED", "FAILED"
"""States of jobs and batches, as batches have them."""

ENDED = frozenset({CANCELLED, SUCCEEDED, FAILED})
COUNTED = {RUNNING: "live", SUCCEEDED: "succeeded"}
"""Those that are part of the cloud's state: what was cancelled or failed has done nothing that counts."""

RUNS = "#runs"
"""At the end of a resource's name: all that are called so."""

ROOT = "job://dataproc"

_RANDOM = re.compile(
    r"(?:^|[-_])(?:[0-9a-f]{8}(?:[0-9a-f]{4}|[0-9a-f]{24})?|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$"
)
_PROGRAMS = ("mainPythonFileUri", "mainJarFileUri", "mainRFileUri", "notebookFileUri", "queryFileUri")
_MAPS = frozenset(
    {"labels", "clusterLabels", "properties", "scriptVariables", "queryVariables", "parameters", "driverLogLevels"}
)

Key = tuple[str, str, str, str]
"""``jobs``, ``batches`` or ``clusters``, the project, the region, and the id."""


@dataclass(frozen=True, slots=True)
class Work:
    """A job or a batch.

    :param key: what it is and where
    :param name: what the configuration calls it
    :param spec: as it was submitted
    :param since: virtual time of its beginning
    :param states: states it has had, each with the time at which it came to it, as clients are told
    :param limit: virtual seconds after which the service ends it; infinite where it never does
    :param operation: name of the operation that is done when it ends, empty where there is none
    :param workflow: id of the workflow that it is a step of, empty where it is of none
    :param hidden: it stands for a whole workflow of whose jobs nothing is known, and is no job by itself
    """

    key: Key
    uuid: str
    name: str
    spec: Mapping[str, Any]
    since: float
    states: tuple[tuple[str, str], ...]
    limit: float = float("inf")
    operation: str = ""
    workflow: str = ""
    hidden: bool = False

    @property
    def id(self) -> str:
        """Unique among those of its kind in its place."""
        return self.key[3]

    @property
    def state(self) -> str:
        """The present one."""
        return self.states[-1][0]

    @property
    def folder(self) -> str:
        """The resource's name before the id."""
        return f"{ROOT}/{self.name}"

    @property
    def resource(self) -> str:
        """Its name in the state."""
        return f"{self.folder}/{self.id}"

    @property
    def cluster(self) -> Key:
        """The cluster that it runs on; one of no name for a batch."""
        _, project, region, _ = self.key
        return ("clusters", project, region, str((self.spec.get("placement") or {}).get("clusterName") or ""))


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster.

    :param spec: as it was created
    :param found: it was not created here, but named as one that is there
    :param due: virtual time at which it has come to the state that it is on the way to
    :param alarm: rings then
    """

    key: Key
    uuid: str
    spec: Mapping[str, Any]
    states: tuple[tuple[str, str], ...]
    found: bool = False
    due: float = 0.0
    alarm: Alarm | None = None

    @property
    def name(self) -> str:
        """Unique in its place."""
        return self.key[3]

    @property
    def state(self) -> str:
        """The present one."""
        return self.states[-1][0]

    @property
    def resource(self) -> str:
        """Its name in the state."""
        return f"{cluster_folder(self.key)}/{self.uuid}"


@dataclass(frozen=True, slots=True)
class Lro:
    """A long running operation.

    :param metadata: with its ``@type``
    :param about: resource in the state that it works on
    """

    name: str
    metadata: Mapping[str, Any]
    about: str
    done: bool = False
    error: Mapping[str, Any] = field(default_factory=dict)
    response: Mapping[str, Any] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """As clients are told."""
        shown: dict[str, Any] = {"name": self.name, "metadata": dict(self.metadata), "done": self.done}
        if self.error:
            shown["error"] = dict(self.error)
        elif self.done:
            shown["response"] = dict(self.response)
        return shown


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow template that was instantiated.

    :param steps: id of a step -> its job as the template has it
    :param deadline: virtual time at which the service ends its jobs
    :param whole: name of its template, where that is all that is known of it, and its one step stands for all
    :param jobs: id of a step -> its job, where that has been started
    """

    id: str
    project: str
    region: str
    operation: str
    steps: Mapping[str, Mapping[str, Any]]
    parameters: Mapping[str, str]
    deadline: float
    whole: str = ""
    jobs: Mapping[str, Key] = field(default_factory=dict)


def cluster_folder(key: Key) -> str:
    """The part of a cluster's resource name before its uuid."""
    return f"{ROOT}/clusters/{key[3]}"


def name_of(given: str, spec: Mapping[str, Any]) -> str:
    """What a job or batch is called: its id, but for a random end; or the program that it runs, where it has none."""
    return (_RANDOM.sub("", given) if given else "") or _program(spec)


def _program(spec: Mapping[str, Any]) -> str:
    kind, what = next(
        ((key, each) for key, each in spec.items() if re.search(r"(Job|Batch)$", key) and isinstance(each, dict)),
        ("job", {}),
    )
    for each in _PROGRAMS:
        if what.get(each):
            return str(what[each]).rpartition("/")[2].rpartition(".")[0] or str(what[each]).rpartition("/")[2]
    if what.get("mainClass"):
        return str(what["mainClass"]).rpartition(".")[2]
    return _snake(re.sub(r"(Job|Batch)$", "", kind)).replace("_", "-")


def as_written(value: Any) -> Any:
    """Fields by the names that a DAG file has for them: ``pyspark_job``; what users name themselves stays."""
    if isinstance(value, list):
        return [as_written(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {_snake(key): each if key in _MAPS else as_written(each) for key, each in value.items()}


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)[A-Z]", lambda found: f"_{found[0].lower()}", name)
