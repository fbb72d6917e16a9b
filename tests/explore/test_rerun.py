from __future__ import annotations

from explore.fakes import LOST, drive, judged, point, unreached
from pytest_dagguard.explore.rerun import search
from pytest_dagguard.model.plan import Run


def test_it_runs_and_runs_again() -> None:
    found, asked = drive(search, [point(1, "k")], lambda trial: judged(), retries=2)
    assert [trial.schedule for trial in asked] == [(Run(1), Run(2, retries=1))]
    assert (found.hits, found.unreached, found.schedules, found.bounded) == ([], [], 1, False)


def test_what_it_finds_is_a_hit() -> None:
    found, _ = drive(search, [], lambda trial: judged(LOST))
    assert [hit.finding for hit in found.hits] == [LOST]


def test_what_is_no_evidence_is_no_hit() -> None:
    found, asked = drive(search, [], lambda trial: unreached("diverged", "diverged"))
    assert found.hits == []
    assert found.unreached == [("diverged", "diverged")]
    assert len(asked) == 1
