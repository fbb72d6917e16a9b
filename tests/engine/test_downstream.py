"""What the tasks after one make of a skip in place of a success, by their trigger rules and the tasks beside it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pytest_dagguard.engine.downstream import changed, taken_for_granted
from pytest_dagguard.engine.lab import Subject
from pytest_dagguard.engine.upstream import SKIPPED, SUCCESS, UNKNOWN, Upstream
from pytest_dagguard.model.dag import Dag, Task

SUBJECT = Subject("f.py", "d", "a", "r")
LEFT_OUT = Upstream("a", SUCCESS, counts=(SKIPPED,))


def after(rule: str, *beside: Upstream, mine: Upstream | None = None, above: Sequence[str] = ()) -> dict[str, str]:
    """What becomes of a task ``c`` after ``a`` and those beside it, where ``a`` is skipped and succeeds in a clean run."""
    others = [Task(each.task_id, "Op", upstream=tuple(above)) for each in beside]
    c = Task("c", "Op", upstream=("a", *(each.task_id for each in beside)), trigger_rule=rule)
    dag = Dag("d", tasks=(*(Task(each, "Op") for each in above), Task("a", "Op", upstream=tuple(above)), *others, c))
    return dict(changed(dag, SUBJECT, SUCCESS, SKIPPED, lambda task: [mine or Upstream("a", SUCCESS), *beside]))


GOOD, SKIPS, LACKING = Upstream("b", SUCCESS), Upstream("b", SKIPPED), Upstream("b", UNKNOWN)


@pytest.mark.parametrize(
    ("rule", "alone", "beside_a_success", "beside_a_skip"),
    [
        ("all_success", "skipped", "skipped", None),
        ("all_failed", None, None, None),
        ("all_done", None, None, None),
        ("one_success", "skipped", None, "skipped"),
        ("one_failed", None, None, None),
        ("one_done", "skipped", None, "skipped"),
        ("none_failed", None, None, None),
        ("none_skipped", "skipped", "skipped", None),
        ("none_failed_min_one_success", "skipped", None, "skipped"),
        ("all_skipped", "", None, ""),
        ("all_done_min_one_success", "skipped", "skipped", None),
        ("all_done_setup_success", None, None, None),
        ("always", None, None, None),
    ],
)
def test_a_skip_counts_with_what_is_beside_it(
    rule: str, alone: str | None, beside_a_success: str | None, beside_a_skip: str | None
) -> None:
    def found(*beside: Upstream) -> str | None:
        return after(rule, *beside).get("c")

    assert (found(), found(GOOD), found(SKIPS)) == (alone, beside_a_success, beside_a_skip)


def test_what_gives_no_clean_run_is_taken_to_succeed_and_named() -> None:
    assert after("none_failed_min_one_success", LACKING) == {}
    dag = Dag("d", tasks=(Task("a", "Op"), Task("b", "Op"), Task("c", "Op", upstream=("a", "b"))))
    assert taken_for_granted(dag, "a", lambda task: [Upstream("a", SUCCESS), LACKING]) == ("b",)
    assert taken_for_granted(dag, "a", lambda task: [Upstream("a", SUCCESS), GOOD]) == ()


def test_beside_a_branch_that_is_not_taken_the_other_may_be_skipped() -> None:
    rule = "none_failed_min_one_success"
    assert after(rule, GOOD, mine=LEFT_OUT, above=["branch"]) == {"c": "skipped"}
    assert after(rule, GOOD, mine=LEFT_OUT) == {}  # not decided by the same branch
    assert after("none_failed", GOOD, mine=LEFT_OUT, above=["branch"]) == {}


def test_each_map_index_counts() -> None:
    mapped = Upstream("a", SUCCESS, counts=(SUCCESS, SUCCESS))
    assert after("none_failed_min_one_success", mine=mapped) == {}
    assert after("all_success", mine=mapped) == {"c": "skipped"}


def test_a_setup_that_is_skipped_takes_what_is_in_its_scope_along() -> None:
    tasks = (
        Task("a", "Op", is_setup=True),
        Task("work", "Op", upstream=("a",), trigger_rule="all_done"),
        Task("more", "Op", upstream=("work",), trigger_rule="all_done"),
        Task("down", "Op", upstream=("a", "more"), trigger_rule="all_done", is_teardown=True),
        Task("out", "Op", upstream=("more", "down"), trigger_rule="all_done"),
    )

    def before(task: Task) -> list[Upstream]:
        return [Upstream(each, SUCCESS, is_setup=each == "a") for each in task.upstream]

    assert dict(changed(Dag("d", tasks=tasks), SUBJECT, SUCCESS, SKIPPED, before)) == {"more": "skipped"}
