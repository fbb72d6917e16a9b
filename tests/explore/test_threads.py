"""What an attempt does at the same time: which orders of it are tried, and what is said of the others."""

from __future__ import annotations

from dataclasses import replace

from explore.fakes import LOST, drive, judged, point, unreached
from pytest_dagguard.explore import threads
from pytest_dagguard.explore.kill_states import search
from pytest_dagguard.model.plan import Judged, Order, Point, Run, Trial


def beside(place: Point, *others: int) -> Point:
    return replace(place, event=replace(place.event, beside=others))


READ = point(0, "in", what="", state=0, verb="GetObject")
A, B, C, D = (point(index, key) for index, key in enumerate("abcd", start=1))
THREADS = [READ, A, beside(B, 1), beside(C, 1, 2), D]
"""A, B and C were under way at the same time."""


def selectors(*points: Point) -> tuple[object, ...]:
    return tuple(each.selector for each in points)


def test_a_program_that_does_one_thing_after_the_other_has_no_other_order() -> None:
    assert threads.in_order([READ, A, B]) == ()
    assert threads.ahead([READ, A, B]) == []
    found, asked = drive(search, [READ, A, B], lambda _: judged())
    assert found.closed
    assert not any(isinstance(step, Order) for trial in asked for step in trial.schedule)


def test_each_that_was_under_way_with_others_comes_first_once_and_the_last_one_before_the_rest() -> None:
    last, middle = threads.ahead(THREADS)
    assert (last.point.name, middle.point.name) == (C.name, B.name)
    assert [each.name for each in last.before] == [READ.name, C.name]
    assert last.order == selectors(READ, C, A, B, D)
    assert middle.order == selectors(READ, B, A, C, D)


def test_one_that_cannot_be_told_from_those_it_would_overtake_is_not_tried_as_the_first() -> None:
    twin = replace(beside(point(2, "a"), 1), selector=replace(A.selector, occurrence=2))
    assert threads.ahead([READ, A, twin]) == []


def test_what_changes_nothing_makes_no_state_by_coming_first() -> None:
    assert threads.ahead([A, beside(point(2, "x", what="", verb="GetObject"), 0)]) == []
    assert threads.ahead([READ, beside(A, 0)]) == []


def test_kills_fall_on_the_order_of_the_clean_run_and_on_each_that_comes_first_and_no_more_is_claimed() -> None:
    found, asked = drive(search, THREADS, lambda _: judged())
    orders = [trial.schedule[0] for trial in asked]
    assert all(isinstance(each, Order) for each in orders)
    assert {each.order for each in orders if isinstance(each, Order)} == {
        threads.in_order(THREADS),
        *(each.order for each in threads.ahead(THREADS)),
    }
    assert found.kill_states == (6, 6)
    assert not found.closed
    assert threads.BOUND in found.remarks


def test_a_fault_that_shows_only_where_the_last_comes_first_is_found() -> None:
    def answer(trial: Trial) -> Judged:
        first = trial.schedule[0]
        assert isinstance(first, Order)
        return judged(LOST) if first.order == selectors(READ, C, A, B, D) else judged()

    found, _ = drive(search, THREADS, answer)
    assert [hit.finding for hit in found.hits] == [LOST]
    assert "ahead" in found.hits[0].trial.fault


def test_an_order_that_cannot_be_had_is_said_and_makes_nothing_inconclusive() -> None:
    def answer(trial: Trial) -> Judged:
        return unreached("it waits") if isinstance(trial.schedule[0], Order) else judged()

    found, asked = drive(search, THREADS, answer)
    assert not found.unreached
    assert "could not be had" in found.remarks[0]
    assert not found.closed
    assert {trial.schedule[0] for trial in asked if isinstance(trial.schedule[0], Run)} == {
        Run(1, each.selector) for each in THREADS[1:]
    }
