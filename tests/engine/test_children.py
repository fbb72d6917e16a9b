"""Child DAG runs: how long they are under way, how they end, and what a retry of their trigger makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from laboratory import Laboratory, classes
from older import AIRFLOW

HEAD = """
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import DAG

    DAY = {{"trigger_run_id": "day-{{{{ ds }}}}", "logical_date": "{{{{ logical_date }}}}"}}

    with DAG("d", schedule=None, default_args={{"retries": 1}}):
        trigger = TriggerDagRunOperator(task_id="t", trigger_dag_id="{dag}", **DAY, {arguments})
        trigger >> EmptyOperator(task_id="after", trigger_rule="{rule}")
"""
CHILDREN = {"bad": "fail after 3600", "slow": "succeed after 86400", "stuck": "never-ends"}


@pytest.fixture(scope="module", autouse=True)
def children(lab: Laboratory) -> Iterator[None]:
    lab.lab.cloud.call("behaviours", {"children": CHILDREN})
    yield
    lab.lab.cloud.call("behaviours", {})


def write(lab: Laboratory, arguments: str = "", rule: str = "all_success", dag: str = "any") -> Path:
    return lab.write(HEAD.format(arguments=arguments, rule=rule, dag=dag))


@pytest.mark.parametrize("more", ["", "deferrable=True"])
@pytest.mark.parametrize(
    ("dag", "state", "polls"), [("any", "success", 11), ("bad", "up_for_retry", 61), ("slow", "success", 24)]
)
def test_a_trigger_waits_as_long_as_its_child_takes(
    lab: Laboratory, dag: str, state: str, polls: int, more: str
) -> None:
    poke = "poke_interval=3600" if dag == "slow" else "poke_interval=60"
    outcome = lab.run(write(lab, f"wait_for_completion=True, {poke}, {more}", dag=dag), retries=1)
    assert not outcome.unreachable
    if dag == "bad" and not more and (3, 0) <= AIRFLOW < (3, 3):
        state = "failed"  # for good, whatever retries it has
    assert outcome.last.state == state, outcome.last.log
    asked = [each for each in outcome.history if each.operation.verb in ("dagrun.state", "dagrun.count")]
    assert len(asked) in range(polls - 1, 2 * polls + 2)


def test_one_that_never_ends_is_waited_for_for_ever(lab: Laboratory) -> None:
    outcome = lab.run(write(lab, "wait_for_completion=True", dag="stuck"))
    assert "waits for ever" in outcome.unreachable


def test_a_run_of_which_one_may_be_is_refused_to_the_retry(lab: Laboratory) -> None:
    verdict = lab.check(write(lab), "killed")
    assert classes(verdict) == ["cannot-finish"]
    assert ("Dag Run already exists" if AIRFLOW >= (3, 0) else "DagRunAlreadyExists") in verdict.findings[0].message
    assert "skip_when_already_exists" in verdict.findings[0].fix


def test_a_reset_of_a_run_under_way_has_its_work_done_twice(lab: Laboratory) -> None:
    verdict = lab.check(write(lab, "reset_dag_run=True"), "killed")
    assert classes(verdict) == ["started-twice"]
    assert "cleared while it was under way" in verdict.findings[0].message
    assert "reset_dag_run" in verdict.findings[0].why


def test_a_reset_of_a_run_that_has_ended_is_a_note(lab: Laboratory) -> None:
    verdict = lab.check(write(lab, "reset_dag_run=True"), "twice")
    assert (verdict.verdict, classes(verdict)) == ("pass", [])
    assert "dagrun://any/day-2024-01-01 was cleared after it had ended, and does all of its work again" in verdict.notes


@pytest.mark.parametrize("rule", ["all_success", "none_failed_min_one_success"])
def test_a_skip_that_follows_a_kill_takes_the_tasks_after_it_along(lab: Laboratory, rule: str) -> None:
    verdict = lab.check(write(lab, "skip_when_already_exists=True", rule), "killed")
    assert classes(verdict) == ["changed"]
    assert (
        "ends skipped where one clean run ends success: of the tasks after it, after is skipped"
        in verdict.findings[0].message
    )
    assert "none_failed" in verdict.findings[0].fix


@pytest.mark.parametrize(
    ("also", "found"),
    [("EmptyOperator(task_id='z')", []), ("EmptyOperator(task_id='z', trigger_rule='all_skipped')", ["changed"])],
)
def test_a_skip_is_harmless_where_another_task_succeeds(lab: Laboratory, also: str, found: list[str]) -> None:
    path = write(lab, "skip_when_already_exists=True", "none_failed_min_one_success")
    order = f"    before, last = EmptyOperator(task_id='b'), {also}\n    before >> last >> dag.get_task('after')\n"
    path.write_text(path.read_text().replace("}):", "}) as dag:") + order)
    verdict = lab.check(path, "killed")
    assert classes(verdict) == found


@pytest.mark.parametrize("rule", ["none_failed", "all_done"])
def test_a_skip_is_harmless_where_the_tasks_after_it_run_all_the_same(lab: Laboratory, rule: str) -> None:
    for scenario in ("killed", "twice", "concurrent"):
        verdict = lab.check(write(lab, "skip_when_already_exists=True", rule), scenario)
        assert (verdict.verdict, classes(verdict)) == ("pass", []), scenario


def test_a_skip_in_place_of_a_wait_lets_the_tasks_after_it_begin_too_early(lab: Laboratory) -> None:
    verdict = lab.check(write(lab, "skip_when_already_exists=True, wait_for_completion=True", "none_failed"), "killed")
    assert classes(verdict) == ["changed"]
    assert "still under way" in verdict.findings[0].message


def test_the_id_of_the_run_is_missed_where_the_file_asks_for_it(lab: Laboratory) -> None:
    path = write(lab, "skip_when_already_exists=True", "none_failed")
    path.write_text(path.read_text() + "\nPULLED = 'trigger_run_id'\n")
    assert classes(lab.check(path, "killed")) == ["changed"]
