"""Which tasks a walk runs after what came before them: Airflow's trigger rules."""

from __future__ import annotations

import pytest

from pytest_dagguard.engine.upstream import SEEDED, SKIPPED, SUCCESS, UNKNOWN, Upstream, hindrance, remarks
from pytest_dagguard.model.dag import Task

GOOD, LEFT_OUT, LACKING = Upstream("good", SUCCESS), Upstream("left_out", SKIPPED), Upstream("lacking", UNKNOWN)
RUN_ALL_THE_SAME = Upstream("other", SUCCESS, counts=(SKIPPED,))
STOOD_IN, SETUP = Upstream("stood_in", SEEDED), Upstream("setup", UNKNOWN, is_setup=True)


def rule(name: str) -> Task:
    return Task("t", "op", trigger_rule=name)


@pytest.mark.parametrize("name", ["all_success", "none_failed", "none_failed_min_one_success", "all_skipped"])
def test_a_rule_that_needs_all_is_hindered_by_one_without_a_clean_run(name: str) -> None:
    assert hindrance(rule(name), [GOOD, LACKING]) == "lacking"
    assert hindrance(rule(name), [GOOD, LEFT_OUT, STOOD_IN]) == ""


@pytest.mark.parametrize("name", ["all_done", "always", "one_done", "one_failed", "all_failed", "none_skipped"])
def test_a_rule_that_allows_failures_is_not(name: str) -> None:
    assert hindrance(rule(name), [LACKING]) == ""


@pytest.mark.parametrize("name", ["one_success", "all_done_min_one_success"])
def test_a_rule_that_needs_one_success(name: str) -> None:
    assert hindrance(rule(name), [LACKING, GOOD]) == ""
    assert hindrance(rule(name), [LACKING, STOOD_IN]) == ""
    assert hindrance(rule(name), [LACKING, LEFT_OUT]) == "lacking"


def test_a_teardown_needs_its_setup_alone() -> None:
    assert hindrance(rule("all_done_setup_success"), [LACKING]) == ""
    assert hindrance(rule("all_done_setup_success"), [LACKING, SETUP]) == "setup"


def test_an_ordinary_beginning_is_not_remarked_upon() -> None:
    assert remarks(rule("all_success"), [GOOD], False, "seed") == ()
    assert remarks(rule("none_failed"), [LEFT_OUT], False, "seed") == ()


def test_what_is_unusual_is_said() -> None:
    assert "left_out is skipped in this run" in remarks(rule("all_success"), [LEFT_OUT], False, "seed")[0]
    assert "a task before it has Airflow skip it" in remarks(rule("all_success"), [LEFT_OUT], True, "seed")[0]
    assert "seed/xcoms.json" in remarks(rule("all_success"), [STOOD_IN], False, "seed")[0]
    assert "by its trigger rule all_done" in remarks(rule("all_done"), [LACKING], False, "seed")[0]
    assert "after a failure only" in remarks(rule("one_failed"), [GOOD], False, "seed")[0]
    assert len(remarks(rule("one_failed"), [LACKING], False, "seed")) == 1


@pytest.mark.parametrize(
    ("name", "before", "said"),
    [
        ("none_failed_min_one_success", [GOOD, LEFT_OUT], ""),
        (
            "none_failed_min_one_success",
            [LEFT_OUT],
            "left_out is skipped in this run, and Airflow would skip this task",
        ),
        ("one_success", [LEFT_OUT, RUN_ALL_THE_SAME], "left_out, other is skipped"),
        ("all_skipped", [LEFT_OUT], ""),
        ("all_skipped", [GOOD], "by its trigger rule all_skipped Airflow would skip this task; it was run"),
        ("one_done", [LEFT_OUT], "Airflow would skip"),
        ("none_skipped", [GOOD, LEFT_OUT], "Airflow would skip"),
        ("always", [LEFT_OUT], ""),
    ],
)
def test_a_skip_is_said_where_all_tasks_before_it_together_bring_it_about(
    name: str, before: list[Upstream], said: str
) -> None:
    found = remarks(rule(name), before, False, "seed")
    assert (said in found[0]) if said else found == ()
