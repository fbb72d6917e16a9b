"""What was found once is repeated: three times of three it is a finding, less and it is none, and is named."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from explore.fakes import EXTRA, LOST, judged, unreached
from pytest_dagguard.explore.confirm import TIMES, follow_up
from pytest_dagguard.model.plan import Judged, Search, Trial

FIRST = Trial((), "attempt 1 is held after PutObject s3://b/k")
AGAIN = Trial((), "attempt 1 is killed after PutObject s3://b/k")


def confirm(found: Search, first: Judged, repetitions: Iterable[Judged]) -> list[Trial]:
    """Follow up one trial; return what was asked for."""
    asked = []
    answers = iter(repetitions)
    steps = follow_up(found, FIRST, first, AGAIN)
    try:
        trial = next(steps)
        while True:
            asked.append(trial)
            trial = steps.send(next(answers))
    except StopIteration:
        return asked


def test_what_shows_again_each_time_is_a_hit() -> None:
    found = Search()
    first = judged(LOST)
    assert confirm(found, first, [judged(LOST)] * TIMES) == [AGAIN] * TIMES
    (hit,) = found.hits
    assert (hit.finding, hit.trial, hit.outcome) == (LOST, FIRST, first.outcome)
    assert (hit.confirmed, hit.repeated) == (TIMES, TIMES) == (3, 3)
    assert found.unreached == []


@pytest.mark.parametrize("silent", range(TIMES))
def test_what_fails_to_show_again_once_is_no_hit_and_is_named(silent: int) -> None:
    found = Search()
    repetitions = [judged() if turn == silent else judged(LOST) for turn in range(TIMES)]
    confirm(found, judged(LOST), repetitions)
    assert found.hits == []
    ((reason, group),) = found.unreached
    assert reason == f"lost showed once, and then in 2 of 3 repetitions when {AGAIN.fault}"
    assert group == "do not repeat"


def test_a_repetition_that_is_no_evidence_confirms_nothing() -> None:
    found = Search()
    broken = Judged(unreached("stalled").outcome, (LOST,))
    confirm(found, judged(LOST), [judged(LOST), broken, judged(LOST)])
    assert found.hits == []
    assert "2 of 3" in found.unreached[0][0]


def test_each_of_several_findings_counts_for_itself() -> None:
    found = Search()
    confirm(found, judged(LOST, EXTRA), [judged(LOST, EXTRA), judged(EXTRA), judged(LOST, EXTRA)])
    assert [hit.finding for hit in found.hits] == [EXTRA]
    assert found.unreached[0][0].startswith("lost showed once")


def test_what_only_the_repetitions_show_is_not_reported() -> None:
    found = Search()
    confirm(found, judged(LOST), [judged(LOST, EXTRA)] * TIMES)
    assert [hit.finding for hit in found.hits] == [LOST]


def test_what_is_known_is_not_repeated() -> None:
    found = Search()
    confirm(found, judged(LOST), [judged(LOST)] * TIMES)
    assert confirm(found, judged(LOST), []) == []
    assert len(found.hits) == 1


def test_the_same_class_on_another_resource_is_new() -> None:
    found = Search()
    other = type(LOST)("lost", "it is gone", "s3://b/other")
    confirm(found, judged(LOST), [judged(LOST)] * TIMES)
    confirm(found, judged(other), [judged(other)] * TIMES)
    assert [hit.finding.resource for hit in found.hits] == ["s3://b/k", "s3://b/other"]


def test_nothing_found_is_not_repeated() -> None:
    found = Search()
    assert confirm(found, judged(), []) == []
    assert found == Search()


def test_a_trial_that_is_no_evidence_is_named_and_not_repeated() -> None:
    found = Search()
    assert confirm(found, Judged(unreached("it stalled").outcome, (LOST,)), []) == []
    assert found.unreached == [("it stalled", "stalled")]
    assert found.hits == []
