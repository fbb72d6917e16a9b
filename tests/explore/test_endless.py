from __future__ import annotations

from explore.fakes import LOST, drive, judged
from pytest_dagguard.explore.endless import search
from pytest_dagguard.model.plan import Endless, Onward, Run


def test_one_schedule_tells_all_and_what_it_finds_is_repeated() -> None:
    found, asked = drive(search, [], lambda trial: judged(LOST), retries=2)
    assert {trial.schedule for trial in asked} == {(Endless(), Run(1, retries=2), Onward())}
    assert len(asked) == 4
    assert [hit.finding for hit in found.hits] == [LOST]
