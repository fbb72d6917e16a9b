"""Google Dataproc: jobs, clusters, batches and workflows, which go on when nobody looks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from pytest_dagguard.cloud.calls.dataproc import INTERFACE
from pytest_dagguard.cloud.calls.errors import Refusal, as_json
from pytest_dagguard.cloud.dataproc_api import batches, clusters, jobs, operations, workflows
from pytest_dagguard.cloud.dataproc_api.records import (
    COUNTED,
    FAILED,
    ROOT,
    RUNNING,
    RUNS,
    SUCCEEDED,
    cluster_folder,
    name_of,
)
from pytest_dagguard.cloud.dataproc_api.request import Call, read
from pytest_dagguard.cloud.dataproc_api.service import NAME, Service
from pytest_dagguard.cloud.emulator import Blobs, Caller, Request, Response, World
from pytest_dagguard.model.life import Death
from pytest_dagguard.model.operation import Operation
from pytest_dagguard.model.seed import Seed
from pytest_dagguard.model.state import Entry

_ANSWERS: dict[str, Callable[[Service, Call], object]] = {
    **jobs.ANSWERS,
    **clusters.ANSWERS,
    **batches.ANSWERS,
    **workflows.ANSWERS,
    **operations.ANSWERS,
}
_STARTS = frozenset({"jobs.submit", "jobs.submitAsOperation", "batches.create"})
_READS = frozenset({"jobs.get", "clusters.get", "batches.get", "operations.get", "workflowTemplates.get"})


class Dataproc:
    """Google Dataproc; what a job, a batch or a step of a workflow does is said under [tool.dagguard.jobs]."""

    name = NAME
    hosts = ("dataproc.googleapis.com", "*-dataproc.googleapis.com")
    grpc = INTERFACE

    def __init__(self, blobs: Blobs, auto_buckets: bool) -> None:
        self._blobs = blobs
        self._now: Callable[[], float] = time.time
        self._service: Service | None = None

    @property
    def service(self) -> Service:
        """What there is."""
        assert self._service is not None
        return self._service

    def attach(self, world: World) -> None:
        """Time and processes come from there."""
        self._service = Service(world, lambda: self._now())
        self._service.followers = [
            partial(each, self._service) for each in (jobs.follow, batches.follow, workflows.follow)
        ]

    def tell_time(self, now: Callable[[], float]) -> None:
        """The clock that clients are told the time by."""
        self._now = now

    def environment(self, url: str) -> dict[str, str]:
        """Nothing: clients take no endpoint, and come by the name of the host."""
        return {}

    def connection(self, connection: dict[str, Any], url: str) -> dict[str, Any] | None:
        """None: connections of Google Cloud are those of its storage, and anonymous."""
        return None

    def classify(self, request: Request) -> Operation:
        """Name the operation.

        :raises NotEmulated: a call that is not answered truly
        """
        call = read(request)
        if call.verb.endswith(".list"):
            return Operation(NAME, call.verb, f"{ROOT}/*", frozenset({f"{ROOT}/*"}))
        resource, touched = self._footprint(call)
        writes = frozenset() if call.verb in _READS else touched
        return Operation(NAME, call.verb, resource, touched | self._looks_at(call), writes)

    @staticmethod
    def _looks_at(call: Call) -> frozenset[str]:
        """What a request depends on beside that: the cluster of a job."""
        placement = (call.body.get("job") or {}).get("placement") or {}
        if call.verb not in _STARTS or not placement.get("clusterName"):
            return frozenset()
        return frozenset({cluster_folder(("", "", "", str(placement["clusterName"]))) + RUNS})

    def _footprint(self, call: Call) -> tuple[str, frozenset[str]]:
        """The resource that a request is about, and all that it looks at or changes."""
        store, kind = self.service.store, call.verb.partition(".")[0]
        if call.verb in _STARTS:
            job = call.body if kind == "batches" else call.body.get("job") or {}
            given = call.query.get("batchId", "") if kind == "batches" else jobs.given_id(call.body)
            resource = f"{ROOT}/{name_of(given, job)}"
            return resource, frozenset({resource + RUNS})
        if kind == "clusters":
            key = clusters.key_of(call)
            on_it = {each.resource for each in self.service.live("jobs") if each.cluster == key}
            folder = cluster_folder(key)
            return folder, frozenset({folder + RUNS, *(on_it if call.verb == "clusters.delete" else ())})
        if call.verb.startswith("workflowTemplates.instantiate"):
            folders = [f"{ROOT}/{each}" for each in workflows.names_of(self.service, call)]
            return f"{ROOT}/{call.id}" if call.id else folders[0] if folders else ROOT, frozenset(
                each + RUNS for each in folders
            )
        if kind == "workflowTemplates":
            resource = f"{ROOT}/templates/{call.id or call.body.get('id')}"
            return resource, frozenset({resource})
        if kind == "operations":
            lro = store.operations.get(f"{call.place}/operations/{call.id}")
            found = operations.resources(self.service, lro) if lro is not None else frozenset()
            return min(found, default=f"{ROOT}/*/{call.id}"), found
        work = store.works.get((kind, call.project, call.region, call.id))
        resource = work.resource if work is not None else f"{ROOT}/*/{call.id}"
        return resource, frozenset({resource})

    def apply(self, request: Request, caller: Caller) -> Response:
        """Let the operation take effect.

        :raises NotEmulated: as :meth:`classify`
        """
        call = read(request)
        try:
            return as_json(_ANSWERS[call.verb](self.service, call))
        except Refusal as refusal:
            return refusal.answer()

    def ring(self, *what: Any) -> None:
        """Something has gone on for long enough."""
        if what[0] == "work":
            self.service.finish(*what[1:])
        else:
            clusters.ring(self.service, *what[1:])

    def lapse(self, seconds: float) -> tuple[Mapping[str, Entry], Mapping[str, Entry]]:
        """Let time pass for what is known to be over after a while: a cluster that comes or goes, and no job.

        :returns: the state before and after
        """
        before = self.entries()
        clusters.lapse(self.service, seconds)
        return before, self.entries()

    def settle(self) -> tuple[Mapping[str, Entry], Mapping[str, Entry]]:
        """Have clusters arrive where they are on the way to.

        :returns: the state before and after
        """
        return self.lapse(max(clusters.SECONDS.values()))

    def ended(self, actor: str, death: Death) -> None:
        """The process of a job has ended."""
        key = self.service.store.lives.pop(actor, None)
        if key is not None:
            self.service.finish(key, RUNNING, SUCCEEDED if death.code == 0 else FAILED)

    def running(self) -> dict[str, float]:
        """What lives -> virtual time at which the service itself ends it, infinite where it does not."""
        live = [each for each in self.service.live() if each.state in COUNTED]
        return {each.resource: each.since + each.limit for each in live}

    def entries(self, names: Collection[str] | None = None) -> dict[str, Entry]:
        """Jobs and batches that live or have succeeded, and clusters."""
        found: dict[str, Entry] = {}
        store = self.service.store
        for work in store.works.values():
            if work.state in COUNTED and _fits(work.resource, names):
                found[work.resource] = self._entry(work.spec, COUNTED[work.state])
        for cluster in store.clusters.values():
            if (word := clusters.word(cluster)) and _fits(cluster.resource, names):
                found[cluster.resource] = self._entry(cluster.spec, word)
        return found

    def _entry(self, spec: object, state: str) -> Entry:
        text = json.dumps({"arguments": spec, "state": state}, sort_keys=True, default=str)
        return Entry("job", self._blobs.put(text.encode()), len(text))

    def snapshot(self) -> object:
        """All that there is, is frozen: a copy of the dictionaries is enough."""
        return self.service.store.copy()

    def restore(self, snapshot: Any) -> None:
        """Bring it back."""
        self.service.store = snapshot.copy()

    def seed(self, seed: Seed) -> None:
        """Nothing: there are no jobs in the seed, and a cluster that is named is taken to be there."""


def _fits(resource: str, names: Collection[str] | None) -> bool:
    if names is None:
        return True
    runs = resource.rpartition("/")[0] + RUNS
    return any(resource.startswith(each[:-1]) if each.endswith("*") else each in (resource, runs) for each in names)


EMULATOR = Dataproc
