"""Kills: one for each distinct state, the likeliest first, and of the retry where it comes to new states."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from explore.fakes import LOST, drive, is_real, judged, point, unreached
from pytest_dagguard.explore import kill_states
from pytest_dagguard.explore.kill_states import MORE_GOES, MOST_RETRIES, kill_points, piecewise, search
from pytest_dagguard.model.plan import Disturb, Judged, Kill, Point, Run, Trial

READ = point(0, "in", what="", state=0, verb="GetObject")
A, B, C, D = (point(index, key) for index, key in enumerate("abcd", start=1))


def keys(points: list[Point]) -> str:
    return "".join(each.event.operation.resource[-1] for each in points)


def test_the_last_comes_first_and_the_first_second() -> None:
    assert keys(kill_points([READ, A, B, C, D])) == "dabc"


def test_what_changed_nothing_is_no_place_of_its_own() -> None:
    assert kill_points([READ, point(1, "k", what="", state=0)]) == []


def test_two_places_that_leave_the_same_state_are_one() -> None:
    again = point(2, "b", what="changed", state=A.event.state)
    assert keys(kill_points([A, again, C])) == "ca"


def test_to_be_back_at_the_beginning_is_no_place() -> None:
    put, delete = point(1, "t"), point(2, "t", what="deleted", state=0, verb="DeleteObject")
    assert kill_points([put, delete]) == [put]


def test_one_place_is_tried_once() -> None:
    assert kill_points([A]) == [A]


def test_creations_and_deletions_come_before_overwritten_content() -> None:
    over = point(12, "o", what="changed")
    gone = point(13, "g", what="deleted")
    assert keys(kill_points([A, over, gone, B, C])) == "cagbo"


def test_what_is_carried_out_piece_by_piece_is_also_stopped_half_way() -> None:
    both = (("s3://b/x", "deleted"), ("s3://b/y", "deleted"))
    gone = point(5, "", what="deleted", verb="DeleteObjects")
    gone = replace(gone, event=replace(gone.event, changed=both, digests=("", "")))
    one = point(6, "z", what="deleted", verb="DeleteObjects")
    assert piecewise([A, gone, one]) == [gone]
    found, asked = drive(search, [A, gone], lambda trial: judged(LOST) if "half" in trial.fault else judged())
    assert found.kill_states == (3, 3)
    half = Disturb(1, gone.selector, "half")
    assert asked[2].schedule == (half, Run(1, gone.selector), Run(2, retries=0))
    assert asked[3].schedule == (half, Run(1, gone.selector), Kill(1), Run(2, retries=0))
    assert asked[2].fault == "attempt 1 is killed after half of DeleteObjects s3://b/"
    assert found.hits[0].confirmed == 3


def test_a_run_whose_threads_went_another_way_is_repeated_and_then_said() -> None:
    def other(trial: Trial) -> Judged:
        return judged(points={1: (B, A) if trial.at is A else (A, B)})

    found, asked = drive(search, [A, B], other)
    assert [each.at for each in asked] == [B, *[A] * (1 + MORE_GOES)]
    assert found.remarks == [
        "the order of its operations varies between runs: what was done before PutObject s3://b/a was not met again"
    ]
    assert not found.closed


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["created", "changed", "deleted", ""]))))
def test_each_state_is_there_once(rows: list[tuple[int, str]]) -> None:
    points = [point(index, "k", what, state) for index, (state, what) in enumerate(rows)]
    chosen = kill_points(points)
    states = [each.event.state for each in chosen]
    assert sorted(states) == sorted({state for state, what in rows if what and state})


def test_a_kill_is_tried_by_holding() -> None:
    found, asked = drive(search, [READ, A, B], lambda trial: judged(), retries=3)
    assert [trial.schedule for trial in asked] == [
        (Run(1, B.selector), Run(2, retries=2)),
        (Run(1, A.selector), Run(2, retries=2)),
    ]
    assert (found.kill_states, found.schedules, found.closed, found.bounded) == ((2, 2), 2, True, False)
    assert asked[0].at is B
    assert asked[0].fault == "attempt 1 is killed after PutObject s3://b/b"


def test_a_finding_is_confirmed_with_sigkill() -> None:
    found, asked = drive(search, [A, B], lambda trial: judged(LOST) if trial.at is A else judged())
    assert [is_real(trial) for trial in asked] == [False, False, True, True, True]
    assert asked[-1].schedule == (Run(1, A.selector), Kill(1), Run(2))
    (hit,) = found.hits
    assert (hit.trial.at, hit.confirmed) == (A, 3)
    assert not is_real(hit.trial)
    assert not found.closed


def test_holding_alone_convinces_nobody() -> None:
    found, _ = drive(search, [A], lambda trial: judged() if is_real(trial) else judged(LOST))
    assert found.hits == []
    assert "0 of 3 repetitions" in found.unreached[0][0]
    assert not found.closed


def test_the_budget_ends_the_search_and_that_is_told() -> None:
    found, asked = drive(search, [A, B, C, D], lambda trial: judged(late=len(trial.schedule) > 0))
    assert len(asked) == 1
    assert found.bounded
    assert not found.closed
    assert found.kill_states == (1, 4)


def test_the_last_place_is_not_cut() -> None:
    late = iter([False, True])
    found, asked = drive(search, [A, B], lambda trial: judged(late=next(late)))
    assert len(asked) == 2
    assert not found.bounded
    assert found.kill_states == (2, 2)


def test_a_trial_that_is_no_evidence_leaves_the_question_open() -> None:
    found, asked = drive(search, [A, B], lambda trial: unreached("stalled") if trial.at is A else judged())
    assert len(asked) == 2
    assert found.unreached == [("stalled", "stalled")]
    assert not found.closed


def test_nothing_to_kill_is_nothing_to_try() -> None:
    found, asked = drive(search, [READ], lambda trial: judged())
    assert (asked, found.kill_states, found.closed) == ([], (0, 0), True)


def retry_of(trial: Trial) -> int:
    """Number of the attempt that runs to its end."""
    return trial.schedule[-1].attempt


def test_a_retry_is_killed_where_it_comes_to_a_new_state() -> None:
    fresh, known = point(7, "f"), point(8, "a", state=A.state)
    moved = point(9, "m", what="", state=999)

    def answer(trial: Trial) -> Judged:
        if retry_of(trial) == 2:
            return judged(points={2: (moved, known, fresh)})
        return judged(points={3: (fresh,)})

    found, asked = drive(search, [A], answer)
    assert [trial.schedule for trial in asked] == [
        (Run(1, A.selector), Run(2)),
        (Run(1, A.selector), Run(2, fresh.selector), Run(3)),
    ]
    assert found.closed
    assert found.kill_states == (1, 1)
    assert found.schedules == 2
    assert asked[1].fault == (
        "attempt 1 is killed after PutObject s3://b/a, and attempt 2 is killed after PutObject s3://b/f"
    )


def test_a_finding_after_two_kills_is_confirmed_with_two_sigkills() -> None:
    fresh = point(7, "f")

    def answer(trial: Trial) -> Judged:
        return judged(points={2: (fresh,)}) if retry_of(trial) == 2 else judged(LOST)

    found, asked = drive(search, [A], answer)
    assert len(found.hits) == 1
    assert asked[-1].schedule == (Run(1, A.selector), Kill(1), Run(2, fresh.selector), Kill(2), Run(3))
    assert not found.closed


def test_where_one_kill_hurts_more_of_them_are_not_tried() -> None:
    fresh = point(7, "f")
    found, asked = drive(search, [A, B], lambda trial: judged(LOST, points={2: (fresh,)}))
    assert {retry_of(trial) for trial in asked} == {2}
    assert found.kill_states == (2, 2)


def test_a_task_that_never_comes_to_an_end_of_states_is_not_called_closed() -> None:
    def answer(trial: Trial) -> Judged:
        number = retry_of(trial)
        return judged(points={number: (point(0, "k", state=1000 + number),)})

    found, asked = drive(search, [A], answer)
    assert len(asked) == 1 + MOST_RETRIES
    assert not found.closed
    assert found.hits == []


def test_the_budget_ends_a_chain_of_killed_retries_too() -> None:
    def answer(trial: Trial) -> Judged:
        number = retry_of(trial)
        return judged(late=number > 2, points={number: (point(0, "k", state=1000 + number),)})

    found, asked = drive(search, [A], answer)
    assert [retry_of(trial) for trial in asked] == [2, 3]
    assert not found.closed
    assert not found.bounded


def test_its_name_is_the_strategy() -> None:
    assert kill_states.STRATEGY is search
