"""AWS beside S3: jobs that go on by themselves and what is kept, answered by moto, their time by the world's clock."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pytest_dagguard.cloud import s3_services
from pytest_dagguard.cloud.aws_services import moto_call
from pytest_dagguard.cloud.aws_services.service import (
    FAILED,
    LIVE,
    SUCCEEDED,
    WAITING,
    Instead,
    JobRun,
    Refusal,
    Service,
)
from pytest_dagguard.cloud.aws_services.storages import HOME, Storages
from pytest_dagguard.cloud.emulator import Blobs, Caller, Request, Response, World
from pytest_dagguard.cloud.s3_address import scope
from pytest_dagguard.model import life, registry
from pytest_dagguard.model.errors import NotEmulated
from pytest_dagguard.model.life import Birth, Death
from pytest_dagguard.model.operation import Operation
from pytest_dagguard.model.seed import Seed
from pytest_dagguard.model.state import Entry

DURATION = 600.0
"""Virtual seconds that a job takes of which nothing is said: longer than a retry is in coming."""

RUNS = "#runs"
"""At the end of a job's resource name: all of its runs."""

_READS = ("Get", "List", "Describe", "BatchGet", "Head")


class Aws:
    """AWS beside S3 (moto): Glue, EMR, Batch and other jobs, SSM parameters, secrets; [tool.dagguard.jobs] has jobs."""

    name = "aws"

    def __init__(self, blobs: Blobs, auto_buckets: bool) -> None:
        found = registry.collect("pytest_dagguard.cloud.aws_services", "SERVICE")
        self.services: dict[str, Service] = {each.signing: each for each in found.values()}
        self._storages = Storages(self.services)
        self._blobs = blobs
        self._world: World | None = None
        self._lives: dict[str, tuple[str, str, str]] = {}
        self._counts: dict[str, int] = {}
        self._begun: dict[tuple[str, str, str], float] = {}

    @property
    def serves(self) -> frozenset[str]:
        """Names that requests to these services are signed with: they arrive at the port of S3."""
        return frozenset(self.services)

    def attach(self, world: World) -> None:
        """Time and processes come from there."""
        self._world = world
        self._storages.passed = lambda: world.clock.now

    def environment(self, url: str) -> dict[str, str]:
        """Nothing: one endpoint variable serves all of AWS, and it is S3's."""
        return {}

    def connection(self, connection: dict[str, Any], url: str) -> dict[str, Any] | None:
        """None: connections of AWS are S3's to rewrite."""
        return None

    def classify(self, request: Request) -> Operation:
        """Name the operation.

        :raises NotEmulated: an action that is not answered truly
        """
        service, action, body = self._read(request)
        if action not in service.verbs:
            raise NotEmulated(service.signing, action, f"of {service.signing}, {service.emulated}")
        backend = self._storages.get(service, self._region(service, request))
        found = service.footprint(backend, action, body)
        if found is not None:
            return Operation(service.signing, action, found.shown, found.reads, found.writes)
        groups = service.groups(backend, action, body)
        shown = f"job://{service.label}/{groups[0] if groups else '*'}"
        runs = service.run_ids(action, body)
        # who starts a run and who looks at another one do not meet; who counts or lists them meets both
        folders = [f"job://{service.label}/{each}" for each in groups]
        every = frozenset(each + RUNS for each in folders) or frozenset({shown})
        touched = frozenset(f"{folder}/{each}" for folder in folders for each in runs) or every
        if not action.startswith(_READS):
            return Operation(service.signing, action, shown, touched, touched | every)
        return Operation(service.signing, action, shown, touched)

    def apply(self, request: Request, caller: Caller) -> Response:
        """Let the operation take effect; runs that it started begin to live.

        :raises NotEmulated: as :meth:`classify`
        """
        service, action, body = self._read(request)
        region = self._region(service, request)
        backend = self._storages.get(service, region)
        request = service.rewrite(request, region)
        service.prepare(backend, action, body)
        own = service.own.get(action)
        found = moto_call.guarded(service, request, lambda: own(backend, body)) if own is not None else None
        if isinstance(found, Instead):
            response = moto_call.answer(service, moto_call.instead(request, found), region)
        elif isinstance(found, Response):
            response = found
        elif found is not None:
            response = _json(found)
        else:
            response = moto_call.answer(service, request, region)
        self._begin_fresh(service, region)
        self._end_stopped(service, region)
        return response

    def _read(self, request: Request) -> tuple[Service, str, Mapping[str, Any]]:
        signing, action = s3_services.named(request)
        if signing not in self.services:
            raise NotEmulated(signing, action, "no emulator answers this AWS service yet")
        try:
            body = json.loads(request.body or b"{}")
        except ValueError:
            body = {}
        fields = s3_services.in_path(signing, request)[1]
        service = self.services[signing]
        return service, action, service.read(request, fields, body if isinstance(body, dict) else {})

    def _region(self, service: Service, request: Request) -> str:
        return self._storages.region(service, scope(request)[0] or HOME)

    def _begin_fresh(self, service: Service, region: str) -> None:
        """Have those runs begin to live whose turn it is."""
        for run in service.runs(self._storages.get(service, region)):
            where = (service.signing, region, run.id)
            if run.does and run.state == LIVE and where not in self._begun:
                assert self._world is not None
                self._begun[where] = self._world.clock.now
                self._begin(service, region, run)

    def _begin(self, service: Service, region: str, run: JobRun) -> None:
        world = self._world
        assert world is not None
        label = f"{service.label}:{run.name}"
        said = world.behaviour("jobs", label) or life.SUCCEED
        where = (service.signing, region, run.id)
        if said == life.NEVER_ENDS:
            if run.limit != float("inf"):
                world.clock.set(run.limit, self.name, *where, FAILED)
        elif said in (life.SUCCEED, life.FAIL):
            world.clock.set(min(DURATION, run.limit), self.name, *where, SUCCEEDED if said == life.SUCCEED else FAILED)
        else:
            self._counts[label] = self._counts.get(label, 0) + 1
            actor = f"job {label}#{self._counts[label]}"
            self._lives[actor] = where
            facts = {"id": run.id, "name": run.name, "arguments": dict(run.arguments)}
            world.begin(Birth(actor, self.name, "job", said, facts))

    def _end_stopped(self, service: Service, region: str) -> None:
        """End the processes of runs that somebody stopped."""
        assert self._world is not None
        live = {run.id for run in service.runs(self._storages.get(service, region)) if run.state == LIVE}
        for actor, (signing, place, run_id) in list(self._lives.items()):
            if (signing, place) == (service.signing, region) and run_id not in live:
                del self._lives[actor]
                self._world.kill(actor)

    def ring(self, *what: Any) -> None:
        """A run has come to its end."""
        signing, region, run_id, state = what
        self._finish(signing, region, run_id, state)

    def ended(self, actor: str, death: Death) -> None:
        """The process of a run has ended."""
        where = self._lives.pop(actor, None)
        if where is not None:
            self._finish(*where, SUCCEEDED if death.code == 0 else FAILED, death)

    def _finish(self, signing: str, region: str, run_id: str, state: str, death: Death | None = None) -> None:
        service = self.services[signing]
        for run in service.runs(self._storages.get(service, region)):
            if run.id == run_id and run.state == LIVE:
                if run.tell is not None and death is not None:
                    run.tell(death)
                run.end(state)
                break
        self._begin_fresh(service, region)

    def running(self) -> dict[str, float]:
        """Runs that are under way -> virtual time at which the service itself ends them."""
        found: dict[str, float] = {}
        for service, region, backend in self._storages.all():
            for run in service.runs(backend):
                if run.does and run.state in (WAITING, LIVE):
                    since = self._begun.get((service.signing, region, run.id), float("inf"))
                    found[f"job://{service.label}/{run.folder}/{run.id}"] = since + run.limit
        return found

    def entries(self, names: Collection[str] | None = None) -> dict[str, Entry]:
        """What is kept, and runs that live or have succeeded. One that was stopped or failed has done nothing."""
        found: dict[str, Entry] = {}
        for name, entry in self._all(None if names is None else tuple(names)):
            found.setdefault(name, entry)
        return found

    def _all(self, names: tuple[str, ...] | None) -> Iterator[tuple[str, Entry]]:
        def wanted(name: str) -> bool:
            return names is None or _fits(name, names)

        for service, _, backend in self._storages.all():
            for run in service.runs(backend):
                name = f"job://{service.label}/{run.folder}/{run.same or run.id}"
                if run.state in (WAITING, LIVE, SUCCEEDED) and wanted(name):
                    text = json.dumps({"arguments": run.arguments, "state": run.state}, sort_keys=True, default=str)
                    yield name, Entry("job", self._blobs.put(text.encode()), len(text))
            if names is not None and not any(each.startswith(f"{service.label}://") for each in names):
                continue
            for each in service.holds(backend, wanted):
                if wanted(each.name):
                    digest = self._blobs.put(each.content)
                    yield each.name, Entry(each.kind, digest, len(each.content), each.version, each.headers)

    def lapse(self, seconds: float) -> tuple[dict[str, Entry], dict[str, Entry]]:
        """See :class:`pytest_dagguard.cloud.emulator.Expiring`."""
        before = self.entries()
        for service, _, backend in self._storages.all():
            service.lapse(backend, seconds)
        return before, self.entries()

    def snapshot(self) -> object:
        """A copy of moto's storages."""
        return self._storages.snapshot(), dict(self._lives), dict(self._counts), dict(self._begun)

    def restore(self, snapshot: Any) -> None:
        """Bring moto's storages back."""
        self._storages.restore(snapshot[0])
        self._lives, self._counts, self._begun = (dict(each) for each in snapshot[1:])

    def seed(self, seed: Seed) -> None:
        """Take in parameters and secrets. Jobs that are named and missing are made."""
        self._storages.sow(seed)


def _fits(name: str, wanted: Collection[str]) -> bool:
    job = name.rpartition("/")[0] + RUNS
    return any(name.startswith(each[:-1]) if each.endswith("*") else each in (name, job) for each in wanted)


def _json(found: Mapping[str, Any] | Refusal) -> Response:
    kind = (("Content-Type", "application/x-amz-json-1.1"),)
    if isinstance(found, Refusal):
        text = json.dumps({"__type": found.code, "message": found.message})
        return Response(found.status, (*kind, ("X-Amzn-ErrorType", found.code)), text.encode())
    return Response(200, kind, json.dumps(found).encode())


EMULATOR = Aws
