"""Google Dataflow: jobs that are made from templates, and go on when nobody looks."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from pytest_dagguard.cloud import dataflow_call
from pytest_dagguard.cloud.calls.dataflow import INTERFACE
from pytest_dagguard.cloud.calls.errors import Refusal, as_json
from pytest_dagguard.cloud.dataflow_call import Call, Wanted
from pytest_dagguard.cloud.emulator import Blobs, Caller, Request, Response, World
from pytest_dagguard.model import life
from pytest_dagguard.model.errors import NotEmulated
from pytest_dagguard.model.life import Birth, Death
from pytest_dagguard.model.operation import Operation
from pytest_dagguard.model.seed import Seed
from pytest_dagguard.model.state import Entry

DURATION = 600.0
"""Virtual seconds that a job takes of which nothing is said: longer than a retry is in coming."""

STOPPING = 60.0
"""Virtual seconds from a cancellation, or from the beginning of a drain, to its end."""

RUNS = "#runs"
"""At the end of a job's resource name: all of its runs."""

RUNNING, DONE, FAILED = "JOB_STATE_RUNNING", "JOB_STATE_DONE", "JOB_STATE_FAILED"
CANCELLING, CANCELLED = "JOB_STATE_CANCELLING", "JOB_STATE_CANCELLED"
DRAINING, DRAINED = "JOB_STATE_DRAINING", "JOB_STATE_DRAINED"
_ENDED = frozenset({DONE, FAILED, CANCELLED, DRAINED})
_LAUNCHES = ("templates.launch", "flexTemplates.launch", "jobs.create")
_WORDS = {RUNNING: "live", DRAINING: "live", DONE: "succeeded", DRAINED: "succeeded"}
"""States of jobs that are part of the cloud's state: one that was cancelled or failed has done nothing that counts."""

_SUFFIX = re.compile(r"-[0-9a-f]{8}$")


@dataclass(frozen=True, slots=True)
class Job:
    """One job.

    :param since: virtual time of its beginning
    :param began: the same by the machine's clock
    :param changed: virtual time at which it came to its state
    :param states: states it has had, each with its virtual time
    """

    id: str
    project: str
    location: str
    wanted: Wanted
    state: str
    since: float
    began: datetime
    changed: float
    states: tuple[tuple[float, str], ...] = ()

    @property
    def name(self) -> str:
        """By which it is known; of two that are active no two have the same."""
        return self.wanted.name

    @property
    def resource(self) -> str:
        """Its name in the state."""
        return f"job://dataflow/{self.name}/{self.id}"

    def time(self, when: float | None = None) -> str:
        """A virtual time as clients are told it; None: when it came to its state."""
        passed = (self.changed if when is None else when) - self.since
        return (self.began + timedelta(seconds=passed)).isoformat().replace("+00:00", "Z")

    @property
    def kind(self) -> str:
        """Its type."""
        return "JOB_TYPE_STREAMING" if self.wanted.streaming else "JOB_TYPE_BATCH"


class Dataflow:
    """Google Dataflow: jobs from templates; what a job does is said under [tool.dagguard.jobs]."""

    name = "dataflow"
    hosts = ("dataflow.googleapis.com",)
    grpc = INTERFACE

    def __init__(self, blobs: Blobs, auto_buckets: bool) -> None:
        self._blobs = blobs
        self._world: World | None = None
        self._jobs: dict[str, Job] = {}
        self._lives: dict[str, str] = {}
        self._count = 0

    @property
    def world(self) -> World:
        """Where time and processes come from."""
        assert self._world is not None
        return self._world

    def attach(self, world: World) -> None:
        """Time and processes come from there."""
        self._world = world

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
        call = dataflow_call.read(request)
        if call.verb in ("jobs.list", "jobs.aggregated"):
            return Operation(self.name, call.verb, "job://dataflow/*", frozenset({"job://dataflow/*"}))
        if call.verb in _LAUNCHES:
            body = call.body.get("launchParameter") or call.body.get("launch_parameter") or call.body
            resource = f"job://dataflow/{body.get('jobName') or body.get('name') or '*'}"
            runs = frozenset({resource + RUNS})
            return Operation(self.name, call.verb, resource, runs, runs)
        job = self._jobs.get(call.job)
        resource = job.resource if job is not None else f"job://dataflow/*/{call.job}"
        touched = frozenset({resource})
        if call.verb != "jobs.update":
            return Operation(self.name, call.verb, resource, touched)
        return Operation(self.name, call.verb, resource, touched, touched | {resource.rpartition("/")[0] + RUNS})

    def apply(self, request: Request, caller: Caller) -> Response:
        """Let the operation take effect.

        :raises NotEmulated: as :meth:`classify`
        """
        call = dataflow_call.read(request)
        answers: dict[str, Callable[[Call], object]] = {
            "jobs.get": lambda call: self._shown(self._job(call)),
            "jobs.update": self._update,
            "jobs.list": self._list,
            "jobs.aggregated": self._list,
            "jobs.messages.list": self._messages,
            "jobs.getMetrics": lambda call: {"metricTime": self._job(call).time(), "metrics": []},
        }
        try:
            return as_json(answers.get(call.verb, self._launch)(call))
        except Refusal as refusal:
            return refusal.answer()

    def _launch(self, call: Call) -> object:
        wanted = dataflow_call.wanted(call)
        active = next((each for each in self._jobs.values() if self._same(each, call, wanted)), None)
        if call.verb == "jobs.create":
            # the SDK looks whether the job that it is given bears the id of its own request
            return self._shown(active or self._begin(call, wanted))
        if active is not None:
            text = (
                f"The workflow could not be created. Causes: There is already an active job named {wanted.name}. If you"
                " want to submit a second job, try again by setting a different name."
            )
            raise Refusal(409, "ALREADY_EXISTS", text)
        job = self._shown(self._begin(call, wanted))
        return {"job": {key: each for key, each in job.items() if key not in ("currentState", "currentStateTime")}}

    @staticmethod
    def _same(job: Job, call: Call, wanted: Wanted) -> bool:
        """Say whether a job is in the way of one that is wanted: of one name, one may be active in a place."""
        if (job.project, job.location, job.name) != (call.project, call.location, wanted.name):
            return False
        return job.state not in _ENDED or bool(wanted.request and wanted.request == job.wanted.request)

    def _begin(self, call: Call, wanted: Wanted) -> Job:
        world, now = self.world, self.world.clock.now
        began = datetime.now(timezone.utc)
        # Two jobs of one second would share the first half of their ids, and a part that two clean runs share by chance
        # passes for one that stays. Dataflow's own ids are in the time of California, so nobody reads a time off them.
        drawn = began - timedelta(seconds=random.randrange(86400))
        job_id = f"{drawn:%Y-%m-%d_%H_%M_%S}-{random.randrange(10**18, 10**19)}"
        job = Job(job_id, call.project, call.location, wanted, RUNNING, now, began, now)
        self._jobs[job.id] = replace(job, states=((now, RUNNING),))
        said = world.behaviour("jobs", f"dataflow:{wanted.name}")
        said = said or (life.NEVER_ENDS if wanted.streaming else life.SUCCEED)
        if wanted.limit < float("inf"):
            world.clock.set(wanted.limit, self.name, job.id, RUNNING, CANCELLED)
        if said in (life.SUCCEED, life.FAIL):
            world.clock.set(DURATION, self.name, job.id, RUNNING, DONE if said == life.SUCCEED else FAILED)
        elif said != life.NEVER_ENDS:
            self._count += 1
            actor = f"job dataflow:{_SUFFIX.sub('', wanted.name)}#{self._count}"
            self._lives[actor] = job.id
            facts = {"id": job.id, "name": job.name, "arguments": dict(wanted.parameters)}
            world.begin(Birth(actor, self.name, "job", said, facts))
        return self._jobs[job.id]

    def _update(self, call: Call) -> object:
        job = self._job(call)
        state = str(call.body.get("requestedState") or "")
        if state not in (CANCELLED, DRAINED):
            raise NotEmulated(
                self.name, f"jobs.update to {state or 'something else than a state'}", dataflow_call.UNLOCK
            )
        if job.state in _ENDED:
            text = f"The job {job.id} cannot be stopped: it has ended already ({job.state})."
            raise Refusal(400, "FAILED_PRECONDITION", text)
        if state == DRAINED and not job.wanted.streaming:
            raise Refusal(400, "FAILED_PRECONDITION", f"The job {job.id} cannot be drained: it is no streaming job.")
        stopping = CANCELLING if state == CANCELLED else DRAINING
        if job.state not in (stopping, CANCELLING):
            self._turn(job.id, stopping)
            self._end_life(job.id)
            self.world.clock.set(STOPPING, self.name, job.id, stopping, state)
        return self._shown(self._jobs[job.id])

    def _end_life(self, job_id: str) -> None:
        for actor in [each for each, found in self._lives.items() if found == job_id]:
            del self._lives[actor]
            self.world.kill(actor)

    def _job(self, call: Call) -> Job:
        job = self._jobs.get(call.job)
        if job is None or (job.project, job.location) != (call.project, call.location):
            text = f"Information about job {call.job} could not be found in our system. Please double check the id is"
            raise Refusal(404, "NOT_FOUND", f"{text} correct, and that the region is the one it runs in.")
        return job

    def _list(self, call: Call) -> object:
        wanted = call.query.get("filter", "ALL")
        found = [
            self._shown(each)
            for each in reversed(self._jobs.values())
            if each.project == call.project
            and (call.verb == "jobs.aggregated" or each.location == call.location)
            and call.query.get("name", each.name) == each.name
            and (wanted not in ("ACTIVE", "TERMINATED") or (each.state in _ENDED) == (wanted == "TERMINATED"))
        ]
        return {"jobs": found} if found else {}

    def _messages(self, call: Call) -> object:
        job = self._job(call)
        rows = [
            {
                "id": f"msg{number}",
                "time": job.time(when),
                "messageText": f"The job is in state {state}.",
                "messageImportance": "JOB_MESSAGE_BASIC",
            }
            for number, (when, state) in enumerate(job.states)
        ]
        return {"jobMessages": rows}

    def _shown(self, job: Job) -> dict[str, Any]:
        shown = {
            "id": job.id,
            "projectId": job.project,
            "name": job.name,
            "type": job.kind,
            "currentState": job.state,
            "currentStateTime": job.time(),
            "createTime": job.time(job.since),
            "startTime": job.time(job.since),
            "location": job.location,
        }
        return {**shown, "clientRequestId": job.wanted.request} if job.wanted.request else shown

    def _turn(self, job_id: str, state: str) -> None:
        job, now = self._jobs[job_id], self.world.clock.now
        self._jobs[job_id] = replace(job, state=state, changed=now, states=(*job.states, (now, state)))

    def ring(self, *what: Any) -> None:
        """A job comes to its end, unless it was stopped meanwhile."""
        job_id, before, state = what
        if job_id in self._jobs and self._jobs[job_id].state == before:
            self._turn(job_id, state)
            self._end_life(job_id)

    def ended(self, actor: str, death: Death) -> None:
        """The process of a job has ended."""
        job_id = self._lives.pop(actor, None)
        if job_id is not None and self._jobs[job_id].state == RUNNING:
            self._turn(job_id, DONE if death.code == 0 else FAILED)

    def running(self) -> dict[str, float]:
        """What lives -> virtual time at which the service itself ends it, infinite where it does not."""
        live = [each for each in self._jobs.values() if _WORDS.get(each.state) == "live"]
        return {each.resource: each.since + each.wanted.limit for each in live}

    def entries(self, names: Collection[str] | None = None) -> dict[str, Entry]:
        """Jobs that live or have succeeded."""
        found: dict[str, Entry] = {}
        for job in self._jobs.values():
            if job.state in _WORDS and (names is None or any(_fits(job, each) for each in names)):
                shown = {"arguments": job.wanted.parameters, "state": _WORDS[job.state]}
                text = json.dumps(shown, sort_keys=True, default=str)
                found[job.resource] = Entry("job", self._blobs.put(text.encode()), len(text))
        return found

    def snapshot(self) -> object:
        """Jobs are frozen; a copy of the dictionaries is enough."""
        return dict(self._jobs), dict(self._lives), self._count

    def restore(self, snapshot: Any) -> None:
        """Bring the jobs back."""
        self._jobs, self._lives, self._count = dict(snapshot[0]), dict(snapshot[1]), snapshot[2]

    def seed(self, seed: Seed) -> None:
        """Nothing: there are no jobs in the seed."""


def _fits(job: Job, name: str) -> bool:
    if name.endswith("*"):
        return job.resource.startswith(name[:-1])
    return name in (job.resource, job.resource.rpartition("/")[0] + RUNS)


EMULATOR = Dataflow
