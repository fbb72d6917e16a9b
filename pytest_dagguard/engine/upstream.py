"""What a task needs of the tasks before it: Airflow's trigger rules, as far as a walk through a DAG needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_dagguard.engine.trigger_rules import Before, becomes
from pytest_dagguard.model.dag import Task

SUCCESS, SKIPPED, SEEDED, UNKNOWN = "success", "skipped", "seeded", "unknown"

_AFTER_ANY = frozenset({"all_done", "always", "one_done", "one_failed", "all_failed", "none_skipped"})
"""Rules with which Airflow may run a task although each task before it failed."""

_AFTER_ONE = frozenset({"one_success", "all_done_min_one_success"})
_AFTER_SETUP = frozenset({"all_done_setup_success"})
_AFTER_FAILURE = frozenset({"one_failed", "all_failed"})


@dataclass(frozen=True, slots=True)
class Upstream:
    """A task directly before another.

    :param state: what it came to in the walk: ``success``, ``skipped``, ``seeded`` where it was not run and its XComs
        are in the seed, ``unknown`` where it gives no clean run
    :param counts: what each of its instances comes to in Airflow in this run: one that was run all the same, although a
        branch leaves it out, is ``skipped`` there. Empty where that follows from ``state``
    """

    task_id: str
    state: str
    is_setup: bool = False
    counts: tuple[str, ...] = ()

    @property
    def ends(self) -> tuple[Before, ...]:
        """Its instances, as the trigger rules of the tasks after it count them."""
        # what gives no clean run here is taken to succeed in a run that is clean
        counts = self.counts or (SKIPPED if self.state == SKIPPED else SUCCESS,)
        return tuple(Before(each, self.is_setup) for each in counts)


def fate(task: Task, before: Sequence[Upstream]) -> str:
    """What Airflow makes of a task in this run, as :func:`~pytest_dagguard.engine.trigger_rules.becomes` has it."""
    return becomes(task.trigger_rule, [end for each in before for end in each.ends])


def hindrance(task: Task, before: Sequence[Upstream]) -> str:
    """Id of a task without whose clean run this one cannot be tried; empty where it can."""
    unknown = [each for each in before if each.state == UNKNOWN]
    rule = task.trigger_rule
    if rule in _AFTER_SETUP:
        unknown = [each for each in unknown if each.is_setup]
    elif rule in _AFTER_ANY or (rule in _AFTER_ONE and any(each.state in (SUCCESS, SEEDED) for each in before)):
        unknown = []
    return unknown[0].task_id if unknown else ""


def remarks(task: Task, before: Sequence[Upstream], left_out: bool, seed: str) -> tuple[str, ...]:
    """What is unusual about the state that the task begins with, one line each.

    :param left_out: a branch or a short circuit before it has told Airflow to skip it
    :param seed: the seed folder as the user would type it
    """
    found = []
    unknown = _named(before, UNKNOWN)
    if unknown:
        found.append(f"{unknown} gives no clean run; by its trigger rule {task.trigger_rule} it runs all the same")
    seeded = _named(before, SEEDED)
    if seeded:
        found.append(f"{seeded} gives no clean run; its XComs come from {seed}/xcoms.json")
    skipped = ", ".join(each.task_id for each in before if any(end.state == SKIPPED for end in each.ends))
    if left_out:
        found.append("in this run a task before it has Airflow skip it; it was run all the same")
    elif task.trigger_rule not in _AFTER_FAILURE and fate(task, before) == SKIPPED:
        why = f"{skipped} is skipped in this run, and" if skipped else f"by its trigger rule {task.trigger_rule}"
        found.append(f"{why} Airflow would skip this task{' too' if skipped else ''}; it was run all the same")
    if task.trigger_rule in _AFTER_FAILURE and not unknown:
        found.append(f"by its trigger rule {task.trigger_rule} Airflow runs it after a failure only; none came before")
    return tuple(found)


def _named(before: Sequence[Upstream], state: str) -> str:
    return ", ".join(each.task_id for each in before if each.state == state)
