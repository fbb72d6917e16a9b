"""One attempt, in its own process: becomes another machine, loads the DAG file as a worker does, runs the task."""

from __future__ import annotations

import itertools
import linecache
import os
import resource
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pytest_dagguard.isolation import egress
from pytest_dagguard.model.attempt import AttemptResult, AttemptSpec
from pytest_dagguard.model.history import Frame
from pytest_dagguard.stage import stand_ins, virtual, warm, where
from pytest_dagguard.stage.compat import google_pauses, google_traces, kubernetes, managed_kubernetes
from pytest_dagguard.stage.load import newest_module, third_party
from pytest_dagguard.stage.machine import Place, move_in


def run(
    spec: AttemptSpec,
    place: Place,
    machine: str,
    load_task: Callable[[], Any] | None = None,
    wake: Mapping[str, Any] | None = None,
) -> AttemptResult:
    """Run the attempt to its end in this process.

    :param machine: name of the machine this process becomes
    :param load_task: gives the operator; None: load it from ``spec.file``
    :param wake: run the trigger that the task waits for instead: the row of the task instance, with ``trigger``,
        ``next_method`` and ``next_kwargs``
    """
    began = time.perf_counter()
    memory = _memory()
    endpoints = dict(spec.endpoints)
    before, read = newest_module(), next(reversed(linecache.cache), "")
    record = move_in(place, machine, endpoints, dict(spec.environment))
    kubernetes.find()
    managed_kubernetes.lead_here()
    os.environ["PYTHONHASHSEED"] = str(spec.seed % 4294967295)
    if "where" in endpoints:
        where.answer(endpoints["where"], [place.root])
    more: tuple[tuple[str, Any], ...] = ()
    with virtual.running(endpoints["clock"], spec.clock_shift, spec.now) as clock:
        if wake is None:
            state, error = _execute(spec, lambda: _timed(clock, load_task() if load_task else load(spec)))
        else:
            state, error, more = _wait(spec, wake)
        wall, slept = time.time(), clock.slept
    return AttemptResult(
        actor=spec.actor,
        state=state,
        error="" if error is None else f"{type(error).__name__}: {error}",
        error_kind="" if error is None else f"{type(error).__module__}.{type(error).__qualname__}",
        trace=_trace(error, place.root),
        seconds=time.perf_counter() - began,
        egress=egress.read(record),
        details=(
            *_used(memory),
            ("modules", third_party(before, place.root)),
            ("sources", _sources(read, place.root)),
            ("wall", wall),
            ("slept", slept),
            ("stubs", tuple(stand_ins.ran)),
            ("patience", clock.patience),
            *more,
        ),
    )


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _used(memory: int) -> tuple[tuple[str, Any], ...]:
    """What the attempt took.

    :param memory: bytes that this process had at its start, most of them the stage's
    """
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return ("rss", _memory()), ("grown", _memory() - memory), ("cpu", usage.ru_utime + usage.ru_stime)


def _timed(clock: virtual.Clockwork, operator: Any) -> Any:
    """Have the clock know when a sensor gives up by itself: between two looks it may sleep for longer than it asked."""
    google_pauses.steady()
    timeout = getattr(operator, "timeout", None)
    mode = getattr(operator, "mode", "")
    if isinstance(timeout, (int, float)) and mode in ("poke", "reschedule"):
        clock.bound(float(timeout), here=mode == "poke")
    return operator


def _execute(spec: AttemptSpec, load_task: Callable[[], Any]) -> tuple[str, BaseException | None]:
    from pytest_dagguard.stage.compat import engine

    engine.block()
    google_traces.keep_out()
    try:
        ending = engine.execute(spec, load_task)
    except engine.Refused as refused:
        return "refused", refused
    except BaseException as error:  # noqa: BLE001 - a task may raise anything, SystemExit among it
        traceback.print_exc()
        return "failed", error
    return ending.state, ending.error


def _wait(spec: AttemptSpec, row: Mapping[str, Any]) -> tuple[str, BaseException | None, tuple[tuple[str, Any], ...]]:
    from pytest_dagguard.stage.compat import engine

    engine.block()
    with engine.connected(dict(spec.endpoints)["airflow"], lambda _, ask: ask()):
        fired = engine.fire(spec, row["trigger"], row["next_method"], row["next_kwargs"])
    if fired.error is not None:
        traceback.print_exception(fired.error)
    return "fired", fired.error, (("method", fired.method), ("kwargs", fired.kwargs))


def load(spec: AttemptSpec) -> Any:
    """Load the DAG file and return the attempt's task.

    :raises LookupError: the file has no such DAG or task this time
    """
    from pytest_dagguard.stage.compat import dagbag

    before = newest_module()
    dags, errors, _ = dagbag.load(spec.file)
    warm.know_newer(before)
    if spec.dag_id not in dags:
        reason = f": {errors[0].strip().splitlines()[-1]}" if errors else ""
        raise LookupError(f"{Path(spec.file).name} has no DAG {spec.dag_id!r} when this attempt loads it{reason}")
    if spec.task_id not in dags[spec.dag_id].task_dict:
        raise LookupError(f"DAG {spec.dag_id!r} has no task {spec.task_id!r} when this attempt loads it")
    stand_ins.task_begins()
    return dags[spec.dag_id].task_dict[spec.task_id]


def _sources(after: str, root: str) -> tuple[str, ...]:
    """Files of libraries whose lines were read after those of that one."""
    added = itertools.takewhile(lambda each: each != after, reversed(linecache.cache))
    return tuple(each for each in added if os.path.isabs(each) and not where.is_own(each, [root]))


def _trace(error: BaseException | None, root: str) -> tuple[Frame, ...]:
    if error is None:
        return ()
    frames = traceback.extract_tb(error.__traceback__)
    own = [Frame(each.filename, each.lineno or 0, each.name) for each in frames if where.is_own(each.filename, [root])]
    return tuple(reversed(own))
