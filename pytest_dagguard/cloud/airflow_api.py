"""Airflow 3's Execution API: what a task's process asks of Airflow, answered from memory.

Airflow itself is the reference: ``tests/cloud/test_airflow_api_differential.py`` plays the same requests to Airflow's
own application. What cannot be answered truly is refused by name.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from pytest_dagguard.cloud import (
    airflow_assets,
    airflow_database,
    airflow_routes_people,
    airflow_routes_queries,
    airflow_routes_runs,
    airflow_routes_stores,
    airflow_routes_ti,
    airflow_routes_xcoms,
)
from pytest_dagguard.cloud.airflow_control import COMMANDS
from pytest_dagguard.cloud.airflow_http import (
    PREFIX,
    Call,
    Footprint,
    Refused,
    Reply,
    Route,
    answer,
    find,
    iso,
    local_path,
)
from pytest_dagguard.cloud.airflow_store import Run, Store, XCom, place
from pytest_dagguard.cloud.airflow_versions import for_client
from pytest_dagguard.cloud.emulator import Blobs, Caller, Request, Response, World
from pytest_dagguard.model import life
from pytest_dagguard.model.errors import DagguardError, NotEmulated
from pytest_dagguard.model.life import Birth, Death
from pytest_dagguard.model.operation import Operation
from pytest_dagguard.model.seed import Seed
from pytest_dagguard.model.state import CUT_SHORT, Entry

Rewriter = Callable[[dict[str, Any], Mapping[str, str]], "dict[str, Any] | None"]

# The order is Airflow's own where two routes fit one path.
ROUTES: tuple[Route, ...] = (
    *airflow_routes_ti.ROUTES,
    *airflow_routes_queries.ROUTES,
    *airflow_routes_xcoms.ROUTES,
    *airflow_routes_stores.ROUTES,
    *airflow_routes_runs.ROUTES,
    *airflow_assets.ROUTES,
    *airflow_routes_people.ROUTES,
)

REFUSALS = {
    ("GET", "/openapi.json"): "the description of the API is for people and generators, not for tasks",
    ("HEAD", "/openapi.json"): "the description of the API is for people and generators, not for tasks",
}
"""Routes of Airflow's that are not answered, and why."""


METADATA_WHY = "of Airflow 2's database a task has XComs, Variables, Connections, runs and the tasks of its own DAG"

LINK = "_link_"
"""Begins the keys of XComs in which Airflow keeps links for its web pages: they are for people, and no state."""


class AirflowApi:
    """The emulator. See :class:`pytest_dagguard.cloud.emulator.Emulator`."""

    name = "airflow"

    def __init__(self, blobs: Blobs) -> None:
        self.blobs = blobs
        self.store = Store(switches={"child_runs": "success"})
        self._lives: dict[str, tuple[str, str]] = {}

    @property
    def rewriters(self) -> list[Rewriter]:
        """Asked in turn, with a connection and the caller's endpoints, until one of them rewrites it."""
        return self.store.rewriters

    @rewriters.setter
    def rewriters(self, rewriters: list[Rewriter]) -> None:
        self.store.rewriters = rewriters

    @property
    def now(self) -> Callable[[], datetime]:
        """The clock."""
        return self.store.now

    @now.setter
    def now(self, now: Callable[[], datetime]) -> None:
        self.store.now = now

    def tell_time(self, now: Callable[[], float]) -> None:
        """See :class:`pytest_dagguard.cloud.emulator.Timed`."""
        self.store.now = lambda: datetime.fromtimestamp(now(), timezone.utc)

    def attach(self, world: World) -> None:
        """A child DAG run that is triggered is on its way for a while."""

        def started(run: Run) -> None:
            said = world.behaviour("children", run.dag_id) or life.SUCCEED
            if said == life.RUN:
                self._begin(world, run)
            elif said != life.NEVER_ENDS:
                word, _, seconds = said.partition(" after ")
                state = "failed" if word == life.FAIL else "success"
                after = float(seconds or life.CHILD_RUN)
                world.clock.set(after, self.name, run.dag_id, run.run_id, run.clear_number, state)

        self.store.started = started
        self.store.switches["child_runs"] = None

    def _begin(self, world: World, run: Run) -> None:
        """Have the tasks of a child run be run; what is still under way of it, where it was cleared, ends."""
        place = (run.dag_id, run.run_id)
        for actor in [actor for actor, each in self._lives.items() if each == place]:
            del self._lives[actor]
            world.kill(actor)
        actor = f"run {run.dag_id}#{self.store.number(f'child run {run.dag_id}')}"
        self._lives[actor] = place
        world.begin(Birth(actor, self.name, "run", life.RUN, {"dag_id": run.dag_id, "run_id": run.run_id}))

    def ring(self, *what: Any) -> None:
        """A child DAG run has come to its end."""
        run = self.store.runs.get((str(what[0]), str(what[1])))
        # one that was cleared meanwhile has begun anew
        if run is not None and run.state in ("queued", "running") and run.clear_number == what[2]:
            payload = {"dag_id": run.dag_id, "run_id": run.run_id, "state": str(what[3])}
            COMMANDS["dag_run"](self.store, payload)

    def ended(self, actor: str, death: Death) -> None:
        """All tasks of a child run have ended."""
        place = self._lives.pop(actor, None)
        run = self.store.runs.get(place) if place is not None else None
        if run is not None and run.state in ("queued", "running"):
            payload = {"dag_id": run.dag_id, "run_id": run.run_id, "state": "failed" if death.code else "success"}
            COMMANDS["dag_run"](self.store, payload)

    def environment(self, url: str) -> dict[str, str]:
        """Point Airflow's task side at ``url``."""
        return {"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}{PREFIX}/"}

    def connection(self, connection: dict[str, Any], url: str) -> dict[str, Any] | None:
        """None: no Airflow connection points at Airflow's own API."""
        return None

    def classify(self, request: Request) -> Operation:
        """Name the operation and its footprint.

        :raises NotEmulated: the route is in :data:`REFUSALS`, or Airflow 3.3 has none such
        """
        route, call = self._find(request)
        try:
            footprint = route.name(self.store, call)
        except Refused:
            # Malformed: it gets an error and touches nothing.
            footprint = Footprint(f"airflow:/{local_path(request)}")
        return Operation(self.name, route.verb, footprint.resource, footprint.reads, footprint.writes)

    def apply(self, request: Request, caller: Caller) -> Response:
        """Answer the request.

        :raises NotEmulated: as :meth:`classify`
        """
        route, call = self._find(request)
        call = Call(call.params, call.query, call.body, call.version, caller.endpoints)
        try:
            reply = route.handle(self.store, call)
        except Refused as refusal:
            reply = Reply(refusal.status, {"detail": refusal.detail})
        else:
            if reply.body is not None:
                body = for_client(call.version, route.verb, copy.deepcopy(reply.body))
                reply = Reply(reply.status, body, reply.headers)
        return answer(reply)

    def _find(self, request: Request) -> tuple[Route, Call]:
        found = find(ROUTES, request) or find(airflow_database.ROUTES, request)
        if found is None:
            method, path = request.method, local_path(request)
            if path.startswith(airflow_database.METADATA):
                what = path.removeprefix(airflow_database.METADATA)
                raise NotEmulated(self.name, f"metadata database ({what})", METADATA_WHY)
            why = REFUSALS.get((method, path), "Airflow 3.3's Execution API has no such route")
            raise NotEmulated(self.name, f"{method} {path}", why)
        return found

    def command(self, name: str, payload: dict[str, Any]) -> object:
        """Do as the scheduler or a person would; see :mod:`pytest_dagguard.cloud.airflow_control`.

        :raises DagguardError: there is no such command
        """
        if name not in COMMANDS:
            raise DagguardError(f"the Execution API has no command {name}; it has {', '.join(sorted(COMMANDS))}")
        return COMMANDS[name](self.store, payload)

    def entries(self, names: Collection[str] | None = None) -> dict[str, Entry]:
        """XComs, both state stores, Variables, asset events and triggered runs. Not task instances."""
        exact = None if names is None else {each for each in names if not each.endswith("*")}
        prefixes = () if names is None else tuple(each[:-1] for each in names if each.endswith("*"))
        return {
            name: self._entry(kind, value, version)
            for name, kind, value, version in self._state()
            if exact is None or name in exact or name.startswith(prefixes)
        }

    def _entry(self, kind: str, value: Any, version: str) -> Entry:
        content = json.dumps(value, sort_keys=True, ensure_ascii=False).encode()
        return Entry(kind, self.blobs.put(content), len(content), version)

    def _state(self) -> Iterator[tuple[str, str, Any, str]]:
        """Name, kind, content and version of all that is state."""
        store = self.store
        for (dag_id, run_id, task_id, index, key), xcom in store.xcoms.items():
            if key.startswith(LINK):
                continue
            yield f"xcom://{place(dag_id, run_id, task_id, index)}/{key}", "xcom", xcom.value, ""
        for (dag_id, run_id, task_id, index, key), value in store.task_states.items():
            yield f"task-state://{place(dag_id, run_id, task_id, index)}/{key}", "task-state", value, ""
        for (name, _, key), value in store.asset_states.items():
            yield f"asset-state://{name}/{key}", "task-state", value, ""
        for key, value in store.variables.items():
            yield f"variable://{key}", "variable", value, ""
        yield from self._events()
        for run in store.runs.values():
            if run.child:
                content = {"conf": run.conf, "logical_date": iso(run.logical_date)}
                if run.interrupted:
                    content[CUT_SHORT] = run.interrupted
                if run.failed:
                    content["failed"] = run.failed
                # Clearing lets it run again: not another content, but a change.
                yield run.resource, "child-run", content, str(run.clear_number)

    def _events(self) -> Iterator[tuple[str, str, Any, str]]:
        """Asset events, those of one asset by one task instance under numbers."""
        counts: Counter[str] = Counter()
        for event in self.store.events.values():
            source = place(event.source_dag_id, event.source_run_id, event.source_task_id, event.source_map_index)
            name = f"asset-event://{event.asset[0]}/{source}"
            counts[name] += 1
            content = {"extra": event.extra, "aliases": sorted(event.aliases), "partition_key": event.partition_key}
            yield f"{name}#{counts[name]}", "asset-event", content, ""

    def snapshot(self) -> object:
        """All tables, copied."""
        return self.store.snapshot()

    def restore(self, snapshot: Any) -> None:
        """Bring all tables back."""
        self.store.restore(snapshot)
        self._lives.clear()

    def seed(self, seed: Seed) -> None:
        """Variables, connections and XComs; the latter apply to any run of their DAG."""
        store = self.store
        store.variables.update(seed.variables)
        store.connections.update({name: dict(fields) for name, fields in seed.connections.items()})
        store.seeded.update(seed.xcoms)
        for dag_id, run_id in store.runs:
            for task_id, values in seed.xcoms.get(dag_id, {}).items():
                for key, value in values.items():
                    store.xcoms.setdefault((dag_id, run_id, task_id, -1, key), XCom(value, store.number("xcom")))


def EMULATOR(blobs: Blobs, auto_buckets: bool) -> AirflowApi:
    """Make the emulator.

    :param blobs: where content goes
    :param auto_buckets: of no concern here
    """
    return AirflowApi(blobs)
