"""What the director does to Airflow beside the HTTP API: it plays the scheduler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from pytest_dagguard.cloud.airflow_assets import declare, event_document
from pytest_dagguard.cloud.airflow_http import moment
from pytest_dagguard.cloud.airflow_store import UNBORN, Dag, Run, Store, TaskInstance

Command = Callable[[Store, dict[str, Any]], object]


def dag_run(store: Store, payload: dict[str, Any]) -> None:
    """Register a run, by default a running one. A run that exists is changed only in what the payload says.

    :param payload: ``dag_id``, ``run_id`` and any field of :class:`Run`; moments as ISO 8601 text
    """
    given = {name: _field(name, value) for name, value in payload.items()}
    known = store.runs.get((payload["dag_id"], payload["run_id"]))
    if known is not None:
        store.runs[known.dag_id, known.run_id] = replace(known, **_moments(store, known, given), **given)
        return
    date = given.get("logical_date")
    given.setdefault("data_interval_start", date)
    given.setdefault("data_interval_end", date)
    given.setdefault("run_after", given["data_interval_end"] or store.now())
    given.setdefault("start_date", given["run_after"])
    given.setdefault("conf", {})
    store.add_run(Run(**given))


def _moments(store: Store, run: Run, given: dict[str, Any]) -> dict[str, Any]:
    """What a change of a run's state does to its moments."""
    done, state = ("success", "failed"), given.get("state", run.state)
    if state == run.state:
        return {}
    if state == "queued":
        found: dict[str, Any] = {"start_date": None, "end_date": None}
    elif state == "running":
        found = {"start_date": store.now() if run.state in done else run.start_date or store.now(), "end_date": None}
    else:
        found = {"end_date": store.now() if run.state not in done else run.end_date}
    return {name: value for name, value in found.items() if name not in given}


def _field(name: str, value: Any) -> Any:
    dates = ("logical_date", "data_interval_start", "data_interval_end", "run_after", "start_date", "end_date")
    return moment(value) if name in (*dates, "partition_date") else value


def tasks(store: Store, payload: dict[str, Any]) -> None:
    """Say which tasks a DAG has; each gets a row in the DAG's runs.

    :param payload: ``dag_id``; ``task_ids``: list, or mapping to the operator's class name; perhaps ``groups``: group
        id -> task ids; ``assets``: task id -> list of (name, uri); ``about``: fields of ``GET dags/{dag_id}``
    """
    dag_id, task_ids = payload["dag_id"], payload.get("task_ids", ())
    named = dict(task_ids) if isinstance(task_ids, dict) else dict.fromkeys(task_ids)
    store.dags[dag_id] = Dag(
        tasks=named,
        groups={name: tuple(members) for name, members in payload.get("groups", {}).items()},
        assets={name: tuple(map(tuple, pairs)) for name, pairs in payload.get("assets", {}).items()},
        about=payload.get("about", {}),
    )
    for run in list(store.runs_of(dag_id)):
        mapped = {row.task_id for row in store.instances_of(dag_id, run.run_id) if row.map_index >= 0}
        for task_id, operator in named.items():
            key = (dag_id, run.run_id, task_id, -1)
            if key not in store.instances and task_id not in mapped:
                store.put(TaskInstance(store.fresh_id(*key), *key, operator=operator))


def queue(store: Store, payload: dict[str, Any]) -> None:
    """Put a try into the state ``queued``, as the scheduler does, or somebody's clearing followed by the scheduler.

    With the id of the live row this is a task that goes on after a deferral or a reschedule; with another id it is the
    next try, and the one before goes to history, whatever its state.

    :param payload: ``dag_id``, ``run_id``, ``task_id``, ``map_index``, ``ti_id``, ``try_number``, ``max_tries``;
        perhaps ``operator``, ``next_method``, ``next_kwargs``, ``lengths``: mapped upstream task id -> its length
    """
    key = (payload["dag_id"], payload["run_id"], payload["task_id"], payload.get("map_index", -1))
    ti_id, known = payload["ti_id"], store.instances.get(key)
    for task_id, length in payload.get("lengths", {}).items():
        _expand(store, (*key[:2], task_id), length)
    if key[3] >= 0:
        _drop_unmapped(store, key[:3])
    row = known
    if row is None:
        row = TaskInstance(ti_id, *key, operator=store.dag(key[0]).tasks.get(key[2]))
    elif row.id != ti_id:
        if row.state not in UNBORN:
            store.archive(row)
        row = replace(row, id=ti_id, reschedules=(), next_method=None, next_kwargs=None, trigger=None)
    given = {name: payload[name] for name in ("operator", "next_method", "next_kwargs") if name in payload}
    store.put(
        replace(row, state="queued", try_number=payload["try_number"], max_tries=payload.get("max_tries", 0), **given)
    )


def resume(store: Store, payload: dict[str, Any]) -> None:
    """Queue the live try once more: it goes on after a deferral or a reschedule.

    :param payload: ``ti_id``; perhaps ``next_method`` and ``next_kwargs``
    """
    row = store.instance(payload["ti_id"])
    if row is not None:
        given = {name: payload[name] for name in ("next_method", "next_kwargs") if name in payload}
        store.put(replace(row, state="queued", trigger=None, **given))


def expand(store: Store, payload: dict[str, Any]) -> None:
    """Make the instances of tasks that are mapped, as the scheduler does once it is known how many they are.

    :param payload: ``dag_id``, ``run_id``, ``task_ids``, ``length``
    """
    for task_id in payload["task_ids"]:
        task = (payload["dag_id"], payload["run_id"], task_id)
        _drop_unmapped(store, task)
        operator = store.dag(task[0]).tasks.get(task_id)
        for index in range(payload["length"]):
            if (*task, index) not in store.instances:
                store.put(TaskInstance(store.fresh_id(*task, index), *task, index, operator=operator))


def _expand(store: Store, task: tuple[str, str, str], length: int) -> None:
    _drop_unmapped(store, task)
    for index in range(length):
        key = (*task, index)
        if key not in store.instances:
            store.put(TaskInstance(store.fresh_id(*key), *key, try_number=1, state="success"))


def _drop_unmapped(store: Store, task: tuple[str, ...]) -> None:
    key = (task[0], task[1], task[2], -1)
    row = store.instances.get(key)
    if row is not None and row.state in UNBORN:
        del store.instances[key]
        store.live.pop(row.id, None)


def set_state(store: Store, payload: dict[str, Any]) -> None:
    """Set the state of a task instance from outside, as an upstream task's end or a person would.

    :param payload: ``dag_id``, ``run_id``, ``task_id``, perhaps ``map_index``; ``state``
    """
    key = (payload["dag_id"], payload["run_id"], payload["task_id"], payload.get("map_index", -1))
    row = store.instances.get(key) or TaskInstance(store.fresh_id(*key), *key)
    store.put(replace(row, state=payload["state"]))


def instance(store: Store, payload: dict[str, Any]) -> dict[str, Any] | None:
    """A task instance, as a plain dict, or None.

    :param payload: ``ti_id`` (archived ones too), or ``dag_id``, ``run_id``, ``task_id`` and perhaps ``map_index``
    """
    if "ti_id" in payload:
        row = store.known(payload["ti_id"])
    else:
        key = (payload["dag_id"], payload["run_id"], payload["task_id"], payload.get("map_index", -1))
        row = store.instances.get(key)
    return None if row is None else {**asdict(row), "archived": row.id in store.history}


def left_out(store: Store, payload: dict[str, Any]) -> bool:
    """Say whether a branch or short circuit just before an instance of a mapped group has decided against it.

    Those skip nothing by themselves there; the scheduler reads what they have pushed (``NotPreviouslySkippedDep``).

    :param payload: ``dag_id``, ``run_id``, ``task_id``, ``map_index``; ``upstream``: ids of the tasks before it
    """
    for task_id in payload["upstream"]:
        found = store.xcoms.get((payload["dag_id"], payload["run_id"], task_id, payload["map_index"], "skipmixin_key"))
        decided = found.value if found is not None and isinstance(found.value, dict) else {}
        if payload["task_id"] in decided.get("skipped", ()):
            return True
        if "followed" in decided and payload["task_id"] not in decided["followed"]:
            return True
    return False


def mapped_length(store: Store, payload: dict[str, Any]) -> int | None:
    """Over how many values a task could be mapped that takes what another has returned; None: over none, not even 0.

    :param payload: ``dag_id``, ``run_id``, ``task_id``
    """
    task = (payload["dag_id"], payload["run_id"], payload["task_id"])
    returned = {key[3]: each.value for key, each in store.xcoms.items() if key[:3] == task and key[4] == "return_value"}
    mapped = [index for index in returned if index >= 0]
    if mapped:
        return len(mapped)
    pushed = store.lengths.get((*task, -1))
    if pushed is not None:
        return pushed
    # a seeded XCom comes without the length that a task sends along
    value = returned.get(-1)
    return len(value) if isinstance(value, (list, dict)) else None


def dags(store: Store, payload: dict[str, Any]) -> None:
    """Say which DAGs exist; from then on no others do.

    :param payload: ``dag_ids``
    """
    for each in payload["dag_ids"]:
        store.dags.setdefault(each, Dag())
    store.switches["dags_closed"] = payload.get("closed", True)


def child_runs(store: Store, payload: dict[str, Any]) -> None:
    """Say what the runs that tasks trigger have come to when somebody asks.

    :param payload: ``state``: a final state, or None where the director sets each by ``dag_run``
    """
    store.switches["child_runs"] = payload["state"]


def server(store: Store, payload: dict[str, Any]) -> None:
    """Say that the server is of another version than its clients.

    :param payload: ``version``: of the Execution API, a date
    """
    store.switches["server"] = payload["version"]


def asset_events(store: Store, payload: dict[str, Any]) -> list[dict[str, Any]]:
    """All asset events, oldest first, as the API writes them."""
    return [event_document(store, each) for each in store.events.values()]


COMMANDS: dict[str, Command] = {
    "dag_run": dag_run,
    "tasks": tasks,
    "queue": queue,
    "resume": resume,
    "expand": expand,
    "state": set_state,
    "ti": instance,
    "left_out": left_out,
    "mapped_length": mapped_length,
    "dags": dags,
    "child_runs": child_runs,
    "server": server,
    "assets": declare,
    "asset_events": asset_events,
}
