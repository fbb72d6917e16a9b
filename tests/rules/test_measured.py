"""Rules about the clean run of a task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.measured import Measured
from pytest_dagguard.model.rule import Repository, Subject
from pytest_dagguard.rules.measured import RULES

TASK = Task("t", "acme.Op", line=7)


def said(name: str, measured: Measured | None, **settings: Any) -> list[str]:
    (rule,) = (each for each in RULES if each.name == name)
    repository = Repository(Path("/r"), settings={name: settings})
    found = list(rule.check(Subject(repository, task=TASK, measured=measured)))
    assert all((each.cls, each.line) == (name, 7) and each.why and each.fix for each in found)
    return [each.message for each in found]


@pytest.mark.parametrize("name", [each.name for each in RULES])
def test_near_misses(name: str) -> None:
    assert said(name, None) == []
    assert said(name, Measured()) == []
    assert said(name, Measured(512 << 20, 60.0, 1000, {"return_value": 48 * 1024})) == []


def test_what_is_over_a_budget_is_told() -> None:
    assert said("task-memory-or-time", Measured(memory=600 << 20)) == [
        "t (Op) took 600 MB of memory (the budget is 512) in a clean run"
    ]
    assert said("task-memory-or-time", Measured(cpu=61.0, operations=4000)) == [
        "t (Op) took 61 s of processor time (the budget is 60) and 4,000 requests (the budget is 1,000) in a clean run"
    ]
    assert said("xcom-size", Measured(xcoms={"a": 10, "b": 100 * 1024})) == [
        "t (Op) pushed 100 kB as XCom 'b'; the limit is 48 kB"
    ]


def test_budgets_are_settings() -> None:
    measured = Measured(600 << 20, 61.0, 4000, {"a": 100 * 1024})
    assert said("task-memory-or-time", measured, megabytes=700, seconds=70, operations=5000) == []
    assert said("xcom-size", measured, kilobytes=200) == []
