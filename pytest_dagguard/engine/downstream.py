"""The tasks directly after one: what it means to them that it ends as a success, or skips itself."""

from __future__ import annotations

import glob
import re
from dataclasses import replace
from pathlib import Path

from pytest_dagguard.engine.lab import Subject
from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.dag import Dag
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.oracle.noise import Clean

INDIFFERENT = frozenset({"all_done", "always", "none_failed", "one_done", "all_failed", "one_failed"})
"""Trigger rules to which a success and a skip are the same: they run after both, or after neither."""

_SETUP_DONE = "all_done_setup_success"
_RUN_ID = "trigger_run_id"
"""What Airflow keeps as an XCom for the link from a trigger to its child run."""

_PULLED = re.compile(rf"""['"]{_RUN_ID}['"](?!\s*:)""")
"""The key as a text: in a pull, and not as the name of an argument, be it in a dictionary of arguments."""


def indifferent(dag: Dag, task_id: str) -> bool:
    """Say whether the tasks directly after this one, if there are any, go the same way when it skips itself."""
    rules = {each.trigger_rule for each in dag.tasks if task_id in each.upstream}
    alike = INDIFFERENT if dag.task(task_id).is_setup else INDIFFERENT | {_SETUP_DONE}
    return rules <= alike


def early(dag: Dag, task_id: str, clean: Outcome, outcome: Outcome, end: AttemptResult) -> bool:
    """Say whether tasks after this one begin while what it waits for in a clean run is still under way.

    :param end: the attempt that counts
    """
    if end.state != "skipped" or not any(task_id in each.upstream for each in dag.tasks):
        return False
    return _alive(clean, "attempt 1") == 0 and _alive(outcome, end.actor) > 0


def _alive(outcome: Outcome, actor: str) -> int:
    return next((each.alive for each in reversed(outcome.history) if each.actor == actor), 0)


def without_link(clean: Clean, subject: Subject, end: AttemptResult, file: str) -> Clean:
    """What a clean run leaves, without the XCom by which Airflow links a trigger to its run, where a skip pushed none.

    A retry that finds the run there and skips pushes its id no more. Nobody misses it, unless the DAG file asks for it.

    :param end: the attempt that counts
    :param file: of the DAG
    """
    index = f"[{subject.map_index}]" if subject.map_index >= 0 else ""
    mine = f"xcom://{subject.dag_id}/{subject.run_id}/{subject.task_id}{index}/{_RUN_ID}"
    if end.state != "skipped" or ("xcom", mine) not in clean.groups or _asks(file):
        return clean
    groups = {key: group for key, group in clean.groups.items() if key != ("xcom", mine)}
    return replace(clean, groups=groups, ignored=(*clean.ignored, glob.escape(mine)))


def _asks(file: str) -> bool:
    """Say whether a DAG file pulls the id of the run, or cannot be read."""
    try:
        return bool(re.search(_PULLED, Path(file).read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return True
