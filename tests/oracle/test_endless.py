"""What is said of a world in which nothing ends; the whole of it is in ``tests/engine/test_endless.py``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oracle.world import learned
from pytest_dagguard.model.unending import UNTRIED, WAITING, Stand, Unending
from pytest_dagguard.oracle.endless import judge, remark, span

JOB, NEVER = "job://glue/nightly/jr_1", float("inf")
STOPPED = Stand("t", "failed", 0.0, 7200.0, kind="airflow.sdk.exceptions.AirflowTaskTimeout")
OK = Stand("t", "success")
WAITS = Stand("w", WAITING, 0.0, 58 * 86400.0)


def came(*stands: Stand, **left: float) -> Unending:
    return Unending(("glue:nightly",), stands, {JOB.replace("1", name[-1]): until for name, until in left.items()})


@pytest.mark.parametrize(
    ("world", "classes"),
    [
        (came(STOPPED), []),
        (came(STOPPED, j1=NEVER), ["left-running"]),
        (came(STOPPED, j1=172800.0), ["left-running"]),
        (came(OK, j1=NEVER), ["orphan"]),
        (came(OK, j1=172800.0), []),
        (came(Stand("t", WAITING), j1=NEVER), ["cannot-finish"]),
        (came(OK, WAITS, j1=NEVER), ["cannot-finish"]),
        (came(OK, WAITS, STOPPED, j1=NEVER), ["cannot-finish"]),
        (came(OK, STOPPED, Stand("c", "upstream_failed", tries=0), j1=NEVER), ["left-running"]),
        (came(OK, Stand("c", "skipped", tries=0), j1=NEVER), ["orphan"]),
        (came(OK, Stand("c", UNTRIED, tries=0), j1=NEVER), ["orphan"]),
        (Unending((), (OK,)), []),
    ],
)
def test_what_runs_on_without_a_bound_is_found(world: Unending, classes: list[str]) -> None:
    assert [each.cls for each in judge(learned({}), world)] == classes


def test_several_runs_that_are_left_are_counted_and_a_limit_of_their_own_is_told() -> None:
    message = judge(learned({}), came(STOPPED, j1=172800.0, j2=7200.0))[0].message
    assert message == (
        "The task ends failed after 2 hours (AirflowTaskTimeout), and 2 runs of glue:nightly are left running, until"
        " their service ends them after 48 hours."
    )


def test_a_time_out_of_the_dag_run_bounds_the_wait_and_perhaps_not_the_job() -> None:
    found = judge(learned({}), replace(came(OK, WAITS, j1=NEVER), run_bounded=True))
    assert [each.cls for each in found] == ["left-running"]
    assert "until Airflow ends the DAG run (dagrun_timeout)" in found[0].message
    orphan = judge(learned({}), replace(came(OK, j1=NEVER), run_bounded=True))
    assert [each.cls for each in orphan] == ["orphan"]


def test_a_task_that_could_not_be_tried_is_named() -> None:
    message = judge(learned({}), came(OK, Stand("c", UNTRIED, tries=0), j1=NEVER))[0].message
    assert message.endswith("it runs on. (c: mapped at run time or behind what waits, not tried)")


@pytest.mark.parametrize(
    ("world", "text"),
    [
        (came(STOPPED), "the task ends failed after 2 hours (AirflowTaskTimeout), and nothing is left running"),
        (came(OK, j1=172800.0), "its service ends it after 48 hours, and no task waits for it"),
        (Unending((), (OK,)), "starts no pod and no job"),
        (came(OK, j1=NEVER), ""),
    ],
)
def test_the_bound_is_told(world: Unending, text: str) -> None:
    assert text in remark(learned({}), world)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(90.0, "2 minutes"), (5400.0, "1.5 hours"), (14400.4, "4 hours"), (277200.0, "77 hours"), (5e6, "58 days")],
)
def test_a_time_is_told_as_people_say_it(seconds: float, text: str) -> None:
    assert span(seconds) == text
