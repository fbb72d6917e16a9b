"""Dataproc's emulator behind Google's own clients: their messages as they are, and no network between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
from google.api_core.operation import Operation
from google.cloud import dataproc_v1 as dataproc
from google.cloud.dataproc_v1.services.batch_controller.transports import BatchControllerGrpcTransport
from google.cloud.dataproc_v1.services.cluster_controller.transports import ClusterControllerGrpcTransport
from google.cloud.dataproc_v1.services.job_controller.transports import JobControllerGrpcTransport
from google.cloud.dataproc_v1.services.workflow_template_service.transports import WorkflowTemplateServiceGrpcTransport
from multidict import CIMultiDict

from pytest_dagguard.cloud.calls.transcoding import transcoded
from pytest_dagguard.cloud.dataproc import EMULATOR, Dataproc
from pytest_dagguard.cloud.emulator import Blobs, Caller, Request, Response
from pytest_dagguard.cloud.tap import Tap
from pytest_dagguard.cloud.world import World
from pytest_dagguard.model.operation import Operation as Footprint

PLACE = {"project_id": "p", "region": "r"}
PARENT = "projects/p/regions/r"


class Failed(grpc.RpcError, grpc.Call):  # type: ignore[misc]
    """A call that the service refused."""

    def __init__(self, number: int, text: str) -> None:
        self._number, self._text = number, text

    def code(self) -> grpc.StatusCode:
        return next(each for each in grpc.StatusCode if each.value[0] == self._number)

    def details(self) -> str:
        return self._text

    def result(self, timeout: float | None = None) -> Any:
        raise self

    def trailing_metadata(self) -> tuple[Any, ...]:
        return ()

    initial_metadata = trailing_metadata

    def _nothing(self, *more: Any) -> None: ...

    add_callback = cancel = is_active = time_remaining = _nothing


class _Method(grpc.UnaryUnaryMultiCallable):  # type: ignore[misc]
    def __init__(self, ask: Callable[[bytes], bytes], serialize: Any, deserialize: Any) -> None:
        self._ask, self._serialize, self._deserialize = ask, serialize, deserialize

    def __call__(self, request: Any, *more: Any, **others: Any) -> Any:
        return self._deserialize(self._ask(self._serialize(request)))

    def with_call(self, request: Any, *more: Any, **others: Any) -> Any:
        return self(request), Failed(0, "")

    def future(self, *more: Any, **others: Any) -> Any:
        raise NotImplementedError


class Service(grpc.Channel):  # type: ignore[misc]
    """An emulator, its world, and the clients."""

    def __init__(self, behaviours: dict[str, str]) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.emulator: Dataproc = EMULATOR(Blobs(), True)
        self.world = World(self.told.append, Tap({}, lambda actor, index: None), {"jobs": behaviours})
        self.world.living["dataproc"] = self.emulator
        self.emulator.attach(self.world)
        self.emulator.tell_time(self.world.time)
        self.footprint: Footprint | None = None
        self.jobs = dataproc.JobControllerClient(transport=JobControllerGrpcTransport(channel=self))
        self.clusters = dataproc.ClusterControllerClient(transport=ClusterControllerGrpcTransport(channel=self))
        self.batches = dataproc.BatchControllerClient(transport=BatchControllerGrpcTransport(channel=self))
        self.templates = dataproc.WorkflowTemplateServiceClient(
            transport=WorkflowTemplateServiceGrpcTransport(channel=self)
        )

    async def _handle(self, request: Request) -> Response:
        self.footprint = self.emulator.classify(request)
        return self.emulator.apply(request, Caller("attempt 1", {}))

    def unary_unary(self, method: str, serialize: Any = None, deserialize: Any = None, *more: Any) -> _Method:
        def ask(message: bytes) -> bytes:
            headers = CIMultiDict({"content-type": "application/grpc"})
            request = Request("POST", "r-dataproc.googleapis.com", method, "", headers, message)
            missing: list[str] = []
            handler = transcoded(self._handle, EMULATOR.grpc, lambda call, library: missing.append(library))
            answer = asyncio.run(handler(request))  # type: ignore[arg-type]
            assert missing == []
            told = dict(answer.headers)
            if told["grpc-status"] != "0":
                raise Failed(int(told["grpc-status"]), told["grpc-message"])
            return answer.body

        return _Method(ask, serialize, deserialize)

    def _nothing(self, *more: Any, **others: Any) -> None: ...

    subscribe = unsubscribe = close = unary_stream = stream_unary = stream_stream = _nothing
    __enter__ = __exit__ = _nothing

    def pass_time(self, seconds: float) -> None:
        until = self.world.clock.now + seconds
        while (alarm := self.world.clock.pop(until)) is not None:
            self.emulator.ring(*alarm.what)

    def submit(self, job_id: str = "", request: str = "", cluster: str = "c", **more: Any) -> dataproc.Job:
        job: dict[str, Any] = {"placement": {"cluster_name": cluster}, "pyspark_job": PROGRAM, **more}
        if job_id:
            job["reference"] = {"job_id": job_id}
        return self.jobs.submit_job(request={**PLACE, "job": job, "request_id": request})

    def state(self, job_id: str) -> str:
        return str(self.jobs.get_job(**PLACE, job_id=job_id).status.state.name)

    def create(self, name: str = "c", request: str = "", **more: Any) -> Operation:
        cluster = {"cluster_name": name, **more}
        return self.clusters.create_cluster(request={**PLACE, "cluster": cluster, "request_id": request})

    def cluster_state(self, name: str = "c") -> str:
        return str(self.clusters.get_cluster(**PLACE, cluster_name=name).status.state.name)

    def batch(self, batch_id: str, request: str = "", **more: Any) -> Operation:
        asked = {"parent": PARENT, "batch": {"pyspark_batch": PROGRAM, **more}, "batch_id": batch_id}
        return self.batches.create_batch(request={**asked, "request_id": request})

    def batch_state(self, batch_id: str) -> str:
        return str(self.batches.get_batch(name=f"projects/p/locations/r/batches/{batch_id}").state.name)


PROGRAM = {"main_python_file_uri": "gs://code/load.py", "args": ["--day=1"]}
