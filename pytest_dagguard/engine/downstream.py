"""The tasks directly after one: what it means to them that it ends as a success, or skips itself."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pytest_dagguard.engine import upstream
from pytest_dagguard.engine.lab import Subject
from pytest_dagguard.engine.upstream import Upstream
from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.dag import Dag, Task
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.oracle.noise import Clean

Siblings = Callable[[Task], Sequence[Upstream]]

_LINKS = ("trigger_run_id", "trigger_logical_date_iso")
"""What Airflow keeps as XComs for the link from a trigger to its child run; the latter in Airflow 2."""

_PULLED = {key: re.compile(rf"""['"]{key}['"](?!\s*:)""") for key in _LINKS}
"""The key as a text: in a pull, and not as the name of an argument, be it in a dictionary of arguments."""


def changed(dag: Dag, subject: Subject, clean: str, end: str, before: Siblings) -> tuple[tuple[str, str], ...]:
    """The tasks after one that Airflow treats otherwise, because it ends otherwise than in a clean run.

    :param clean: the state that one clean run reports
    :param end: the state that counts now
    :param before: tells the tasks directly before one, with what they count as in this run
    :returns: their ids, each with what becomes of it now: ``skipped``, ``upstream_failed``, or empty where it runs
    """
    if clean == end:
        return ()
    found = {}
    for task in dag.tasks:
        if subject.task_id in task.upstream:
            for others in _readings(dag, subject.task_id, before(task)):
                then, now = (upstream.fate(task, _with(others, subject, state)) for state in (clean, end))
                if then != now:
                    found[task.task_id] = now
    if dag.task(subject.task_id).is_setup:
        found.update(dict.fromkeys(_covered(dag, subject.task_id), end if end == upstream.SKIPPED else ""))
    return tuple(found.items())


def taken_for_granted(dag: Dag, task_id: str, before: Siblings) -> tuple[str, ...]:
    """Ids of tasks beside one that give no clean run, and are taken to succeed where the tasks after are judged."""
    after = [each for each in dag.tasks if task_id in each.upstream]
    beside = (each for task in after for each in before(task) if each.task_id != task_id)
    return tuple(dict.fromkeys(each.task_id for each in beside if each.state == upstream.UNKNOWN))


def _readings(dag: Dag, task_id: str, before: Sequence[Upstream]) -> Iterator[Sequence[Upstream]]:
    """What the tasks beside one may count as, in the runs in which Airflow runs that one.

    Where this run's branch leaves it out and it was run all the same, those are other runs: what the same branch
    decides may be run there or be skipped. A trigger rule asks whether all or any are so, hence the two extremes are
    enough.
    """
    mine = next(each for each in before if each.task_id == task_id)
    if mine.state == upstream.SKIPPED or upstream.SKIPPED not in mine.counts:
        yield before
        return
    above = dag.ancestors(task_id)
    for state in (upstream.SUCCESS, upstream.SKIPPED):
        yield [replace(each, counts=(state,)) if above & dag.ancestors(each.task_id) else each for each in before]


def _with(before: Sequence[Upstream], subject: Subject, state: str) -> list[Upstream]:
    """The tasks before another, the one under test in this state."""

    def set_in(counts: tuple[str, ...]) -> tuple[str, ...]:
        place = max(subject.map_index, 0)
        return (*counts[:place], state, *counts[place + 1 :])

    return [replace(each, counts=set_in(each.counts)) if each.task_id == subject.task_id else each for each in before]


def _covered(dag: Dag, setup_id: str) -> list[str]:
    """Tasks that are skipped with a setup although it is not directly before them: those within its scope."""
    teardowns = {each.task_id for each in dag.tasks if each.is_teardown and setup_id in each.upstream}
    within = [dag.task(each) for each in dag.descendants(setup_id) - teardowns]
    return [
        each.task_id
        for each in within
        if not (each.is_teardown or setup_id in each.upstream)
        and (not teardowns or teardowns & dag.descendants(each.task_id))
    ]


def early(dag: Dag, task_id: str, clean: Outcome, outcome: Outcome, end: AttemptResult) -> bool:
    """Say whether tasks after this one begin while what it waits for in a clean run is still under way.

    :param end: the attempt that counts
    """
    if end.state != "skipped" or not any(task_id in each.upstream for each in dag.tasks):
        return False
    return _alive(clean, "attempt 1") == 0 and _alive(outcome, end.actor) > 0


def _alive(outcome: Outcome, actor: str) -> int:
    return next((each.alive for each in reversed(outcome.history) if each.actor == actor), 0)


def links(task: Task, subject: Subject) -> dict[str, str]:
    """The XComs of a task that are there for links in Airflow's pages, as patterns with a reason.

    Where the DAG file names the key somebody may pull it, and it counts.
    """
    start = glob.escape(f"xcom://{subject.dag_id}/{subject.run_id}/{subject.task_id}")
    unasked = (each for each in task.links if not _names(subject.file, re.compile(re.escape(each))))
    return {f"{start}*/{glob.escape(each)}": "a link in Airflow's pages" for each in unasked}


def without_link(clean: Clean, subject: Subject, end: AttemptResult, file: str) -> Clean:
    """What a clean run leaves, without the XComs by which Airflow links a trigger to its run, where a skip pushed none.

    A retry that finds the run there and skips pushes its id no more. Nobody misses it, unless the DAG file asks for it.

    :param end: the attempt that counts
    :param file: of the DAG
    """
    index = f"[{subject.map_index}]" if subject.map_index >= 0 else ""
    place = f"xcom://{subject.dag_id}/{subject.run_id}/{subject.task_id}{index}"
    mine = {f"{place}/{key}" for key in _LINKS if not _names(file, _PULLED[key])}
    missed = sorted(name for name in mine if ("xcom", name) in clean.groups)
    if end.state != "skipped" or not missed:
        return clean
    groups = {key: group for key, group in clean.groups.items() if key not in {("xcom", name) for name in missed}}
    return replace(clean, groups=groups, ignored=(*clean.ignored, *map(glob.escape, missed)))


def _names(file: str, pattern: re.Pattern[str]) -> bool:
    """Say whether a DAG file has a text, or cannot be read."""
    try:
        return bool(pattern.search(Path(file).read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return True
