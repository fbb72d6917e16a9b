"""Which tasks run after one that has failed, waits for ever or was skipped: Airflow's trigger rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_dagguard.engine.onward import fate, stand
from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.unending import UNTRIED, WAITING

TASK = Task("c", "Op", upstream=("a", "b"))


@pytest.mark.parametrize(
    ("rule", "a", "b", "expected"),
    [
        ("all_success", "success", "success", ""),
        ("all_success", "success", "failed", "upstream_failed"),
        ("all_success", "success", "skipped", "skipped"),
        ("all_success", "success", WAITING, UNTRIED),
        ("all_success", "failed", WAITING, "upstream_failed"),
        ("all_done", "failed", "skipped", ""),
        ("all_done", "failed", WAITING, UNTRIED),
        ("all_done_setup_success", "failed", "success", ""),
        ("none_failed", "skipped", "success", ""),
        ("none_failed", "skipped", "upstream_failed", "upstream_failed"),
        ("none_failed_min_one_success", "skipped", "skipped", "skipped"),
        ("none_skipped", "failed", "skipped", "skipped"),
        ("one_success", "success", WAITING, ""),
        ("one_success", "failed", WAITING, UNTRIED),
        ("one_success", "failed", "failed", "upstream_failed"),
        ("one_failed", "failed", WAITING, ""),
        ("one_failed", "success", WAITING, UNTRIED),
        ("one_failed", "success", "success", "skipped"),
        ("all_failed", "failed", "upstream_failed", ""),
        ("all_failed", "failed", "success", "skipped"),
        ("all_skipped", "skipped", "skipped", ""),
        ("all_skipped", "skipped", "success", "skipped"),
        ("always", WAITING, UNTRIED, ""),
        ("one_done", "failed", WAITING, ""),
    ],
)
def test_a_task_runs_by_its_trigger_rule(rule: str, a: str, b: str, expected: str) -> None:
    assert fate(replace(TASK, trigger_rule=rule), {"a": a, "b": b}) == expected


def test_a_task_before_it_that_does_not_follow_from_the_first_has_succeeded() -> None:
    assert fate(TASK, {"a": "success"}) == ""


def test_what_is_mapped_at_run_time_is_not_tried() -> None:
    assert fate(replace(TASK, mapped=True), {"a": "success"}) == UNTRIED


def test_tries_are_told_apart_and_those_to_come_are_counted() -> None:
    tries = [(AttemptResult(f"attempt {each}", "up_for_retry"), 100.0 + 10.0 * each) for each in (1, 2)]
    found = stand(Task("t", "Op", retries=5), tries, 100.0, 7.0)
    assert (found.state, found.tries, found.more, found.began, found.ended) == ("failed", 2, 4, 7.0, 27.0)
    assert found.at_most == 67.0


def test_a_task_that_does_not_fail_is_not_tried_again() -> None:
    found = stand(Task("t", "Op", retries=5), [(AttemptResult("attempt 1", "success"), 30.0)], 10.0)
    assert (found.state, found.more, found.at_most) == ("success", 0, 20.0)
