"""The trials of the drill on Celery: one for each thing that can go wrong with a message."""

from __future__ import annotations

from pytest_dagguard.explore.deliveries import search
from pytest_dagguard.model.history import Event
from pytest_dagguard.model.operation import Operation, Selector
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Deliver, Judged, Plan, Point, Run, Search, Trial

PLAN = Plan("celery", "deliveries")


def point(index: int, verb: str, state: int) -> Point:
    changed = (("s3://b/k", "created"),) if state else ()
    event = Event("attempt 1", index, Operation("s3", verb, "s3://b/k"), 200, changed, state=state)
    return Point(event, Selector("s3", verb, ".*", 1), verb, state)


def trials(points: tuple[Point, ...], plan: Plan = PLAN, unreachable: str = "") -> tuple[list[Trial], Search]:
    """All that a search asks for where nothing is found."""
    asked, searching = [], search(plan, points)
    trial = next(searching)
    while True:
        asked.append(trial)
        try:
            trial = searching.send(Judged(Outcome({}, {}, (), {}, unreachable), (), late=True))
        except StopIteration as ended:
            return asked, ended.value


def test_the_message_is_lost_then_comes_twice_then_its_worker_is_gone_whatever_the_budget() -> None:
    asked, found = trials((point(0, "ti.start", 0), point(1, "PutObject", 1)))
    assert [each.schedule[0] for each in asked] == [Deliver("lost"), Deliver("twice"), Deliver("gone")]
    assert {each.schedule[1:] for each in asked[1:]} == {(Run(1, Selector("s3", "PutObject", ".*", 1)),)}
    assert (found.schedules, found.bounded, found.unreached) == (3, False, [])


def test_a_task_that_changes_nothing_is_stopped_at_its_start() -> None:
    asked, _ = trials((point(0, "ti.start", 0), point(1, "GetObject", 0)))
    assert asked[2].schedule[1] == Run(1, Selector("s3", "ti.start", ".*", 1))


def test_where_there_is_no_provider_one_trial_is_enough_to_say_so() -> None:
    asked, found = trials((point(0, "ti.start", 0),), unreachable="needs the provider")
    assert len(asked) == 1
    assert found.unreached == [("needs the provider", "")]


def test_a_task_without_retries_is_told_what_that_means() -> None:
    assert "no retries" in trials((), Plan("celery", "deliveries", cleared=True))[1].remarks[0]
