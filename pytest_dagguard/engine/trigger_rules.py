"""Airflow's trigger rules: what becomes of a task, by how the task instances directly before it have ended.

The order of the questions is that of Airflow's ``TriggerRuleDep``: first what marks a task without its being run, then
what lets it run; where neither is so, it waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

RUNS, WAITS = "", "waits"
SUCCESS, FAILED, SKIPPED, UPSTREAM_FAILED = "success", "failed", "skipped", "upstream_failed"
_DONE = frozenset({SUCCESS, FAILED, SKIPPED, UPSTREAM_FAILED})


@dataclass(frozen=True, slots=True)
class Before:
    """A task instance directly before the task.

    :param state: Airflow's name of the state that it ended in; any other text is one that has not ended
    """

    state: str
    is_setup: bool = False


@dataclass(frozen=True, slots=True)
class _Counts:
    """How many of the task instances before a task have ended how."""

    total: int
    done: int
    success: int
    skipped: int
    failed: int
    upstream_failed: int
    setups: int
    setup_success: int
    setup_skipped: int

    @property
    def bad(self) -> int:
        return self.failed + self.upstream_failed

    @property
    def all_done(self) -> bool:
        return self.done >= self.total


def becomes(rule: str, before: Sequence[Before]) -> str:
    """What becomes of a task.

    :param rule: Airflow's name of its trigger rule; one that is not known here runs the task when all before it is done
    :returns: :data:`RUNS`, :data:`SKIPPED`, :data:`UPSTREAM_FAILED`, or :data:`WAITS` where that is still open
    """
    if not before or rule == "always":
        return RUNS
    counts = _count(before)
    found = _RULES.get(rule, _all_done)(counts)
    return WAITS if found is None else found


def _count(before: Sequence[Before]) -> _Counts:
    states = [each.state for each in before]
    setups = [each.state for each in before if each.is_setup]
    return _Counts(
        len(states),
        sum(each in _DONE for each in states),
        states.count(SUCCESS),
        states.count(SKIPPED),
        states.count(FAILED),
        states.count(UPSTREAM_FAILED),
        len(setups),
        setups.count(SUCCESS),
        setups.count(SKIPPED),
    )


def _all_success(of: _Counts) -> str | None:
    if of.bad:
        return UPSTREAM_FAILED
    if of.skipped:
        return SKIPPED
    return RUNS if of.success == of.total else None


def _all_failed(of: _Counts) -> str | None:
    if of.success or of.skipped:
        return SKIPPED
    return RUNS if of.bad == of.total else None


def _all_done(of: _Counts) -> str | None:
    return RUNS if of.all_done else None


def _all_skipped(of: _Counts) -> str | None:
    if of.success or of.bad:
        return SKIPPED
    return RUNS if of.skipped == of.total else None


def _one_success(of: _Counts) -> str | None:
    if of.success:
        return RUNS
    if of.all_done:
        return SKIPPED if of.skipped == of.done else UPSTREAM_FAILED
    return None


def _one_failed(of: _Counts) -> str | None:
    if of.bad:
        return RUNS
    return SKIPPED if of.all_done else None


def _one_done(of: _Counts) -> str | None:
    # neither a skip nor a task that never began counts as done here
    if of.success or of.failed:
        return RUNS
    return SKIPPED if of.all_done else None


def _none_failed(of: _Counts) -> str | None:
    if of.bad:
        return UPSTREAM_FAILED
    return RUNS if of.all_done else None


def _none_failed_min_one_success(of: _Counts) -> str | None:
    if of.bad:
        return UPSTREAM_FAILED
    if of.skipped == of.total:
        return SKIPPED
    return RUNS if of.all_done else None


def _none_skipped(of: _Counts) -> str | None:
    if of.skipped:
        return SKIPPED
    return RUNS if of.all_done else None


def _all_done_min_one_success(of: _Counts) -> str | None:
    # a skip does not count as done here
    if of.skipped:
        return SKIPPED
    if not of.all_done:
        return None
    return RUNS if of.success else UPSTREAM_FAILED


def _all_done_setup_success(of: _Counts) -> str | None:
    if not of.all_done:
        return None
    if of.setups and of.setup_skipped >= of.setups:
        return SKIPPED
    return UPSTREAM_FAILED if of.setups and not of.setup_success else RUNS


_RULES: Mapping[str, Callable[[_Counts], str | None]] = {
    "all_success": _all_success,
    "all_failed": _all_failed,
    "all_done": _all_done,
    "all_done_min_one_success": _all_done_min_one_success,
    "all_done_setup_success": _all_done_setup_success,
    "all_skipped": _all_skipped,
    "one_success": _one_success,
    "one_failed": _one_failed,
    "one_done": _one_done,
    "none_failed": _none_failed,
    "none_failed_min_one_success": _none_failed_min_one_success,
    "none_skipped": _none_skipped,
}
