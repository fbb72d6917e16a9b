"""Which notes on the clean run a verdict has."""

from __future__ import annotations

from pytest_dagguard.engine.check import notes_of
from pytest_dagguard.engine.lab import Subject
from pytest_dagguard.engine.walk import Baseline
from pytest_dagguard.model.plan import Plan
from pytest_dagguard.model.verdict import UNTESTED

NOTES = (f"{UNTESTED}what glue:nightly does", "mapped over 2 values")
BASELINE = Baseline(Subject("f.py", "d", "t", "r"), 0, None, (), None, notes=NOTES)


def test_where_no_job_ends_it_is_not_said_that_nothing_is_known_of_its_end() -> None:
    assert notes_of(BASELINE, Plan("endless", "endless")) == NOTES[1:]
    assert notes_of(BASELINE, Plan("killed", "kill_states")) == NOTES
