from __future__ import annotations

import pytest

from pytest_dagguard.model.dag import Dag, Task

DIAMOND = Dag(
    "sales",
    tasks=(
        Task("extract", "Op"),
        Task("left", "Op", upstream=("extract",)),
        Task("right", "Op", upstream=("extract",)),
        Task("join", "Op", upstream=("left", "right")),
        Task("alone", "Op"),
    ),
)


@pytest.mark.parametrize(
    ("task_id", "expected"),
    [("extract", set()), ("left", {"extract"}), ("join", {"extract", "left", "right"}), ("alone", set())],
)
def test_ancestors_are_all_that_is_upstream(task_id: str, expected: set[str]) -> None:
    assert DIAMOND.ancestors(task_id) == expected


def test_a_task_is_found_by_its_id() -> None:
    assert DIAMOND.task("right").upstream == ("extract",)


def test_a_task_that_is_not_there() -> None:
    with pytest.raises(KeyError, match="nope"):
        DIAMOND.task("nope")
