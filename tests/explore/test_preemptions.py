"""Two attempts at once: which freezes are tried, which are left out, and that leaving them out loses nothing."""

from __future__ import annotations

from hypothesis import example, given, settings

from explore.fakes import EXTRA, LOST, drive, judged, outcome, point, unreached
from explore.store import PROGRAMS, Program, clean_points, ends_of, execute
from pytest_dagguard.explore.preemptions import search
from pytest_dagguard.model.history import Event
from pytest_dagguard.model.plan import Judged, Point, Run, Trial

START = point(0, "start", what="", verb="GetObject")
A, B, END = point(1, "a"), point(2, "b"), point(3, "end")
POINTS = (START, A, B, END)


def other(trial: Trial) -> str:
    """The attempt that runs whole while the frozen one stands."""
    return "attempt 2" if len(trial.schedule) == 3 else "attempt 1"


def busy(trial: Trial, *touched: Point) -> Judged:
    """What a trial came to in which the attempt that is not frozen did these operations."""
    name = other(trial)
    history = [Event(name, number, each.event.operation, 200) for number, each in enumerate(touched)]
    return Judged(outcome(history=history), ())


def test_each_attempt_is_frozen_after_each_operation_but_the_last() -> None:
    found, asked = drive(search, POINTS, lambda trial: busy(trial, *POINTS), retries=3)
    assert [trial.schedule for trial in asked] == [
        *((Run(1, each.selector), Run(2, retries=2), Run(1)) for each in (START, A, B)),
        *((Run(1, START.selector), Run(2, each.selector), Run(1), Run(2, retries=2)) for each in (START, A, B)),
    ]
    assert found.schedules == len(asked)
    assert not found.bounded
    assert found.hits == found.unreached == []


def test_the_faults_say_who_freezes_where() -> None:
    _, asked = drive(search, POINTS, lambda trial: busy(trial, *POINTS))
    assert asked[1].fault == "attempt 1 freezes after PutObject s3://b/a, its retry runs, and attempt 1 goes on"
    assert asked[1].at is A
    assert asked[-1].fault == (
        "attempt 2 freezes after PutObject s3://b/b, attempt 1 wakes up and ends, attempt 2 goes on"
    )


def test_an_operation_that_touches_nothing_of_the_other_is_left_out() -> None:
    _, asked = drive(search, POINTS, lambda trial: busy(trial, B))
    assert [(other(trial), trial.at) for trial in asked] == [
        ("attempt 2", START),
        ("attempt 2", B),
        ("attempt 1", START),
        ("attempt 1", B),
    ]


def test_attempts_that_write_the_same_without_looking_are_not_frozen_between_their_writes() -> None:
    program: Program = (("get", "in"), ("fix", "a"), ("fix", "b"), ("fix", "c"))

    def answer(trial: Trial) -> Judged:
        return Judged(outcome(history=execute(program, trial.schedule)[1]), ())

    _, asked = drive(search, clean_points(program), answer)
    assert len(asked) == 2


def test_what_the_frozen_attempt_itself_did_is_no_reason_to_try() -> None:
    def answer(trial: Trial) -> Judged:
        own = "attempt 1" if other(trial) == "attempt 2" else "attempt 2"
        history = [Event(own, 0, each.event.operation, 200) for each in POINTS]
        return Judged(outcome(history=history), ())

    _, asked = drive(search, POINTS, answer)
    assert [trial.at for trial in asked] == [START, START]


def test_what_is_left_out_is_judged_by_the_last_trial_that_is_evidence() -> None:
    def answer(trial: Trial) -> Judged:
        return unreached("stalled") if trial.at is START else busy(trial)

    found, asked = drive(search, POINTS, answer)
    assert [trial.at for trial in asked] == [START, A, START, A]
    assert found.unreached == [("stalled", "stalled")] * 2


def test_a_finding_is_confirmed_by_the_same_schedule() -> None:
    def answer(trial: Trial) -> Judged:
        return Judged(busy(trial, *POINTS).outcome, (LOST,) if trial.at is A else ())

    found, asked = drive(search, POINTS, answer)
    (hit,) = found.hits
    assert (hit.trial.at, hit.confirmed) == (A, 3)
    assert [trial.schedule for trial in asked if trial.at is A and other(trial) == other(hit.trial)] == [
        hit.trial.schedule
    ] * 4


def test_other_findings_are_found_after_the_first() -> None:
    def answer(trial: Trial) -> Judged:
        findings = {A: (LOST,), B: (EXTRA,)}
        return Judged(busy(trial, *POINTS).outcome, findings.get(trial.at, ()))

    found, _ = drive(search, POINTS, answer)
    assert [hit.finding for hit in found.hits] == [LOST, EXTRA]


def test_the_budget_ends_the_search_and_that_is_told() -> None:
    found, asked = drive(search, POINTS, lambda trial: judged(late=True))
    assert (len(asked), found.bounded, found.schedules) == (1, True, 1)


def test_a_budget_that_ends_with_the_last_schedule_cuts_nothing() -> None:
    def answer(trial: Trial) -> Judged:
        return Judged(busy(trial, *POINTS).outcome, (), late=other(trial) == "attempt 1" and trial.at is B)

    found, _ = drive(search, POINTS, answer)
    assert not found.bounded


def test_a_budget_that_ends_between_the_two_halves_is_told() -> None:
    late = iter([False, False, True, True])
    found, asked = drive(search, POINTS, lambda trial: Judged(busy(trial, *POINTS).outcome, (), late=next(late)))
    assert [other(trial) for trial in asked] == ["attempt 2"] * 3 + ["attempt 1"]
    assert found.bounded


def test_a_task_without_operations_has_no_schedule() -> None:
    found, asked = drive(search, (), lambda trial: judged())
    assert (asked, found.schedules) == ([], 0)


@settings(max_examples=300, deadline=None)
@given(PROGRAMS)
@example((("get", "a"), ("put", "b")))
@example((("fix", "a"), ("delete", "b"), ("fix", "a")))
@example((("list", ""), ("put", "a"), ("delete", "b"), ("put", "b")))
def test_no_final_state_is_lost_by_what_is_left_out(program: Program) -> None:
    points = clean_points(program)
    reached: set[object] = set()

    def answer(trial: Trial) -> Judged:
        end, history = execute(program, trial.schedule)
        reached.add(end)
        return Judged(outcome(history=history), ())

    _, asked = drive(search, points, answer)
    everything = ends_of(program)
    assert reached == everything
    assert len(asked) <= 2 * (len(points) - 1)
