"""Zombies, terminations, lost replies, reversed runs and taking turns: what is asked for, and when it ends."""

from __future__ import annotations

from dataclasses import replace

from explore.fakes import LOST, drive, judged, outcome, point, unreached
from pytest_dagguard.explore import disturbances, overlaps, reversed, terminations, turns, zombies
from pytest_dagguard.model.history import Event
from pytest_dagguard.model.plan import Disturb, Judged, Kill, Point, Run, Terminate, Trial

READ = point(0, "in", what="", state=0, verb="GetObject")
FIRST, SECOND = point(1, "a"), point(2, "b")
_OTHER = point(3, "x")
XCOM = replace(_OTHER, event=replace(_OTHER.event, operation=replace(_OTHER.event.operation, service="airflow")))


def test_a_zombie_freezes_at_each_state_and_at_the_last_read_before_a_write() -> None:
    found, asked = drive(zombies.search, [READ, FIRST, SECOND], lambda trial: judged(), retries=2)
    assert {trial.at for trial in asked} == {READ, FIRST, SECOND}
    for trial in asked:
        assert trial.at is not None
        assert trial.schedule == (Run(1, trial.at.selector), Run(2, retries=1), Run(1))
    assert found.kill_states == (3, 3)


def test_sigterm_leaves_no_time_or_time_for_one_operation_or_for_all() -> None:
    _, asked = drive(terminations.search, [READ, FIRST], lambda trial: judged())
    shapes = [tuple(type(step) for step in trial.schedule) for trial in asked]
    assert shapes == [
        (Run, Terminate, Kill, Run),
        (Run, Terminate, Run, Kill, Run),
        (Run, Terminate, Run),
    ]
    one_more = asked[1].schedule[2]
    assert isinstance(one_more, Run)
    assert one_more.may_end


def test_replies_are_lost_for_clouds_and_not_for_airflow() -> None:
    found, asked = drive(disturbances.search, [READ, FIRST, XCOM], lambda trial: judged())
    steps = [trial.schedule[0] for trial in asked]
    assert all(isinstance(step, Disturb) and step.at == FIRST.selector for step in steps)
    assert {step.kind for step in steps if isinstance(step, Disturb)} == set(disturbances.KINDS)
    assert found.schedules == 4


def test_the_budget_cuts_and_says_so() -> None:
    for strategy in (zombies.search, terminations.search, disturbances.search):
        found, asked = drive(strategy, [READ, FIRST, SECOND], lambda trial: judged(late=True))
        assert found.bounded
        assert len(asked) == 1


def test_the_later_interval_goes_first() -> None:
    _, asked = drive(reversed.search, [FIRST], lambda trial: judged())
    assert [trial.schedule for trial in asked] == [(Run(2), Run(1))]


def event(actor: int, key: str, reads: bool = False) -> Event:
    made = point(0, key, verb="GetObject" if reads else "PutObject").event
    return replace(made, actor=f"attempt {actor}", digests=(f"{actor}",) * len(made.changed))


def answer(trial: Trial) -> Judged:
    """Two attempts that each start, and write one object of the same name with their own number in it."""
    left = {1: [event(1, "start 1"), event(1, "k")], 2: [event(2, "start 2"), event(2, "k")]}
    history: list[Event] = []
    for step in trial.schedule:
        assert isinstance(step, Run)
        many = step.until.occurrence if step.until is not None else len(left[step.attempt])
        history += left[step.attempt][:many]
        del left[step.attempt][:many]
    return Judged(outcome(history=history), ())


def test_taking_turns_ends_when_no_order_is_left_that_matters() -> None:
    found, asked = drive(turns.search, [FIRST], answer)
    assert found.closed
    ends = {answer(trial).outcome.history[-1].actor for trial in asked}
    assert ends == {"attempt 1", "attempt 2"}, "whoever writes last wins: both have to be tried"


def test_overlaps_take_turns_only_where_one_switch_shows_nothing() -> None:
    points: list[Point] = [point(0, "start 1"), point(1, "k")]
    found, asked = drive(overlaps.search, points, lambda trial: judged(LOST))
    assert found.hits
    assert not found.closed
    assert all(len(trial.schedule) >= 3 for trial in asked)
    found, _ = drive(overlaps.search, points, lambda trial: unreached("it stalled"))
    assert found.unreached
    assert not found.closed
