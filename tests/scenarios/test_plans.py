"""From a task to a plan: each scenario's fault, and as many tries after it as Airflow would make."""

from __future__ import annotations

import pytest

from pytest_dagguard.model import registry
from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.scenario import MOST_TRIES, NEXT_TRY, Scenario

SCENARIOS: dict[str, Scenario] = registry.collect("pytest_dagguard.scenarios", "SCENARIO")
STRATEGIES = registry.collect("pytest_dagguard.explore", "STRATEGY")


@pytest.fixture(params=sorted(SCENARIOS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def task(retries: int) -> Task:
    return Task("load", "Op", retries=retries)


def test_the_plan_has_the_scenarios_name_and_a_strategy_that_there_is(name: str) -> None:
    plan = SCENARIOS[name].plan(task(1))
    assert plan.scenario == name
    assert plan.strategy in STRATEGIES


@pytest.mark.parametrize("retries", [0, 1, 2, 50])
def test_there_is_always_a_second_try(name: str, retries: int) -> None:
    assert SCENARIOS[name].plan(task(retries)).retries >= 1


@pytest.mark.parametrize("name", ["killed", "concurrent"])
@pytest.mark.parametrize(("retries", "tries"), [(0, 1), (1, 1), (2, 2), (50, MOST_TRIES)])
def test_after_a_fault_airflow_tries_as_often_as_the_task_says_within_reason(
    name: str, retries: int, tries: int
) -> None:
    assert SCENARIOS[name].plan(task(retries)).retries == tries


@pytest.mark.parametrize("name", ["killed", "concurrent"])
def test_where_there_are_no_retries_somebody_clears_the_task(name: str) -> None:
    assert SCENARIOS[name].plan(task(0)).cleared
    assert not SCENARIOS[name].plan(task(1)).cleared


@pytest.mark.parametrize("retries", [0, 1, 7])
def test_a_second_run_is_always_a_clear(retries: int) -> None:
    plan = SCENARIOS["twice"].plan(task(retries))
    assert plan.cleared
    assert plan.retries == max(1, retries)


def test_the_next_try_has_another_date_and_another_time_of_day(name: str) -> None:
    plan = SCENARIOS[name].plan(task(1))
    gap = plan.gap
    if plan.peer == "index":
        assert gap == 0.0, "siblings run at the same time"
        return
    assert gap == NEXT_TRY
    days, rest = divmod(gap, 86400)
    assert days >= 1
    assert rest // 3600
    assert rest % 3600 // 60
    assert rest % 60
