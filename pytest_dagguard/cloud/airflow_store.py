"""What Airflow's metadata database would hold: task instances, runs, XComs, Variables and the rest, in memory.

Rows are frozen and values that came as JSON are never changed in place, so that a snapshot is a copy of the tables'
dictionaries alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timezone
from typing import Any

Key = tuple[str, str, str, int]
"""dag_id, run_id, task_id, map_index."""

UNBORN = (None, "up_for_retry")
"""States in which a task instance's id is not that of a try that anybody was given."""


@dataclass(frozen=True, slots=True)
class TaskInstance:
    """One row of ``task_instance``, or of its history.

    :param trigger: what a deferral asked for: classpath, kwargs, timeout (seconds)
    :param reschedules: when it was rescheduled, oldest first
    """

    id: str
    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1
    try_number: int = 0
    max_tries: int = 0
    state: str | None = None
    operator: str | None = None
    hostname: str = ""
    unixname: str | None = None
    pid: int | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    duration: float | None = None
    next_method: str | None = None
    next_kwargs: Any = None
    trigger: Mapping[str, Any] | None = None
    reschedules: tuple[datetime, ...] = ()
    reschedule_date: datetime | None = None
    retry_delay: float | None = None
    retry_reason: str | None = None
    rendered_map_index: str | None = None

    @property
    def key(self) -> Key:
        """What stays the same from try to try."""
        return (self.dag_id, self.run_id, self.task_id, self.map_index)

    @property
    def place(self) -> str:
        """``dag/run/task`` or ``dag/run/task[index]``, for resource names."""
        return place(*self.key)

    @property
    def resource(self) -> str:
        """The resource name of this try."""
        return f"ti://{self.place}#{self.try_number}"


def place(dag_id: str, run_id: str, task_id: str, map_index: int) -> str:
    """The part that the resource names of one task instance have in common."""
    return f"{dag_id}/{run_id}/{task_id}" + (f"[{map_index}]" if map_index >= 0 else "")


@dataclass(frozen=True, slots=True)
class Run:
    """One row of ``dag_run``.

    :param child: True for a run that a task triggered
    :param interrupted: how often it was cleared while it was under way
    :param failed: id of its first task that failed, where its tasks were run
    """

    dag_id: str
    run_id: str
    run_after: datetime
    logical_date: datetime | None = None
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    run_type: str = "manual"
    state: str = "running"
    conf: Any = None
    clear_number: int = 0
    triggering_user_name: str | None = None
    partition_key: str | None = None
    partition_date: datetime | None = None
    note: str | None = None
    consumed_asset_events: tuple[Mapping[str, Any], ...] = ()
    child: bool = False
    interrupted: int = 0
    failed: str = ""

    @property
    def resource(self) -> str:
        """The resource name."""
        return f"dagrun://{self.dag_id}/{self.run_id}"

    @property
    def order(self) -> datetime:
        """By which runs come before one another."""
        return self.logical_date or self.run_after


@dataclass(frozen=True, slots=True)
class Dag:
    """What is known of a DAG.

    :param tasks: task id -> its operator's class name
    :param groups: task group id -> ids of all tasks in it
    :param assets: task id -> (name, uri) of its inlets and outlets
    :param about: fields of the answer to ``GET dags/{dag_id}``
    """

    tasks: Mapping[str, str | None] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    assets: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class XCom:
    """One row of ``xcom``.

    :param order: counts up, for *the newest first*
    """

    value: Any
    order: int


@dataclass(frozen=True, slots=True)
class Asset:
    """One row of ``asset``."""

    name: str
    uri: str
    group: str = "asset"
    extra: Mapping[str, Any] = field(default_factory=dict)
    active: bool = True


@dataclass(frozen=True, slots=True)
class AssetEvent:
    """One row of ``asset_event``."""

    id: int
    timestamp: datetime
    asset: tuple[str, str]
    extra: Any
    source_dag_id: str
    source_run_id: str
    source_task_id: str
    source_map_index: int
    aliases: tuple[str, ...] = ()
    partition_key: str | None = None


@dataclass(frozen=True, slots=True)
class Hitl:
    """One row of ``hitl_detail``: a question to a person and perhaps the answer."""

    question: Mapping[str, Any]
    responded_at: datetime | None = None
    chosen_options: tuple[str, ...] = ()
    params_input: Any = None


def _utcnow() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(slots=True)
class Store:
    """All tables. Those named in :data:`NOT_STATE` are settings of the cloud and not touched by a restore."""

    runs: dict[tuple[str, str], Run] = field(default_factory=dict)
    instances: dict[Key, TaskInstance] = field(default_factory=dict)
    live: dict[str, Key] = field(default_factory=dict)
    history: dict[str, TaskInstance] = field(default_factory=dict)
    dags: dict[str, Dag] = field(default_factory=dict)
    xcoms: dict[tuple[str, str, str, int, str], XCom] = field(default_factory=dict)
    lengths: dict[Key, int] = field(default_factory=dict)
    task_states: dict[tuple[str, str, str, int, str], Any] = field(default_factory=dict)
    asset_states: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    connections: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    assets: dict[tuple[str, str], Asset] = field(default_factory=dict)
    aliases: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    events: dict[int, AssetEvent] = field(default_factory=dict)
    rtif: dict[Key, Any] = field(default_factory=dict)
    hitl: dict[str, Hitl] = field(default_factory=dict)
    seeded: dict[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    switches: dict[str, Any] = field(default_factory=dict)
    now: Callable[[], datetime] = _utcnow
    started: Callable[[Run], None] = lambda run: None
    rewriters: list[Callable[[dict[str, Any], Mapping[str, str]], dict[str, Any] | None]] = field(default_factory=list)

    def snapshot(self) -> dict[str, dict[Any, Any]]:
        """A copy of all tables."""
        return {each: dict(getattr(self, each)) for each in TABLES}

    def restore(self, snapshot: Mapping[str, dict[Any, Any]]) -> None:
        """Bring all tables back; the snapshot stays good."""
        for name, table in snapshot.items():
            setattr(self, name, dict(table))

    def number(self, name: str) -> int:
        """The next number of a sequence, from 1."""
        self.numbers[name] = self.numbers.get(name, 0) + 1
        return self.numbers[name]

    def fresh_id(self, *parts: object) -> str:
        """An id for a try that nobody named. The same in every repetition, unlike Airflow's, so that replays agree."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(map(str, (*parts, self.number("ids"))))))

    def instance(self, ti_id: str) -> TaskInstance | None:
        """The live task instance with this id."""
        key = self.live.get(ti_id)
        return None if key is None else self.instances[key]

    def known(self, ti_id: str) -> TaskInstance | None:
        """The task instance with this id, archived or not."""
        return self.instance(ti_id) or self.history.get(ti_id)

    def put(self, row: TaskInstance) -> TaskInstance:
        """Make a row the live one of its key."""
        before = self.instances.get(row.key)
        if before is not None and before.id != row.id:
            self.live.pop(before.id, None)
        self.instances[row.key] = row
        self.live[row.id] = row.key
        return row

    def archive(self, row: TaskInstance) -> None:
        """Put a try into history, as Airflow does before it gives the next try a new id."""
        state = row.state if row.state in FINISHED else "failed"
        self.history[row.id] = replace(row, state=state, end_date=row.end_date or self.now())

    def next_try(self, row: TaskInstance) -> TaskInstance:
        """Archive a try and give its row a new id and no reschedules; the caller sets the state."""
        self.archive(row)
        return self.put(replace(row, id=self.fresh_id(*row.key), reschedules=()))

    def add_run(self, run: Run) -> None:
        """Register a run with a row for each known task, and what the seed has for it."""
        self.runs[run.dag_id, run.run_id] = run
        for task_id, operator in self.dag(run.dag_id).tasks.items():
            key = (run.dag_id, run.run_id, task_id, -1)
            if key not in self.instances:
                self.put(TaskInstance(self.fresh_id(*key), *key, operator=operator))
        for task_id, values in self.seeded.get(run.dag_id, {}).items():
            for name, value in values.items():
                self.xcoms.setdefault((run.dag_id, run.run_id, task_id, -1, name), XCom(value, self.number("xcom")))

    def dag(self, dag_id: str) -> Dag:
        """What is known of a DAG, which may be nothing."""
        return self.dags.get(dag_id) or Dag()

    def runs_of(self, dag_id: str) -> Iterator[Run]:
        """All runs of a DAG."""
        return (each for each in self.runs.values() if each.dag_id == dag_id)

    def instances_of(self, dag_id: str, run_id: str) -> list[TaskInstance]:
        """All live task instances of a run."""
        return [each for each in self.instances.values() if (each.dag_id, each.run_id) == (dag_id, run_id)]


NOT_STATE = frozenset({"now", "rewriters", "started"})
TABLES = tuple(each.name for each in fields(Store) if each.name not in NOT_STATE)
FINISHED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
