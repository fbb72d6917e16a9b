from __future__ import annotations

from explore.fakes import LOST, drive, judged, point, unreached
from pytest_dagguard.explore.rerun import search
from pytest_dagguard.model.plan import Elapse, Run


def test_it_runs_and_runs_again() -> None:
    found, asked = drive(search, [point(1, "k")], lambda trial: judged(), retries=2)
    assert [trial.schedule for trial in asked] == [(Run(1), Elapse(), Run(2, retries=1))]
    assert (found.hits, found.unreached, found.schedules, found.bounded) == ([], [], 1, False)


def test_what_it_finds_each_time_is_a_hit() -> None:
    found, asked = drive(search, [], lambda trial: judged(LOST))
    assert [(hit.finding, hit.confirmed) for hit in found.hits] == [(LOST, 3)]
    assert len(asked) == 4
    assert found.schedules == 1


def test_a_task_that_does_it_once_is_no_evidence() -> None:
    turns = iter([judged(LOST), judged(), judged(LOST), judged(LOST)])
    found, _ = drive(search, [], lambda trial: next(turns))
    assert found.hits == []
    assert "2 of 3 repetitions" in found.unreached[0][0]


def test_what_is_no_evidence_is_no_hit() -> None:
    found, asked = drive(search, [], lambda trial: unreached("diverged", "diverged"))
    assert found.hits == []
    assert found.unreached == [("diverged", "diverged")]
    assert len(asked) == 1
