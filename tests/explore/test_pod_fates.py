"""Which fates of a pod are tried, and where."""

from __future__ import annotations

from explore.fakes import LOST, drive, point
from pytest_dagguard.explore import kills_and_fates
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.history import Event
from pytest_dagguard.model.operation import Operation
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Befall, Judged, Plan, Run, Trial

STARTS = point(0, "pod", verb="create pods")


def works(*changes: bool) -> Judged:
    """A trial in which a pod has made these operations, some of which changed something."""
    operation = Operation("s3", "PutObject", "s3://b/k")
    rows = [(("s3://b/k", "created"),) if each else () for each in changes]
    history = tuple(Event("pod default/p#2", n, operation, 200, each) for n, each in enumerate(rows))
    return Judged(Outcome({}, {}, history), ())


def fates(asked: list[Trial]) -> list[tuple[str, int]]:
    found = [step for trial in asked for step in trial.schedule if isinstance(step, Befall)]
    return [(each.fate, each.at) for each in found]


def test_a_task_that_starts_no_pod_has_none():
    _, asked = drive(kills_and_fates.search, [point(0, "a"), point(1, "b")], lambda _: works())
    assert fates(asked) == []


def test_each_fate_falls_on_a_pod_before_it_works():
    _, asked = drive(kills_and_fates.search, [STARTS], lambda _: works())
    assert fates(asked) == [("pending", 0), ("evicted", 0), ("node-lost", 0), ("oom-killed", 0)]


def test_a_pod_that_works_is_struck_after_its_first_and_its_last_change():
    _, asked = drive(kills_and_fates.search, [STARTS], lambda _: works(False, True, True, True, False))
    assert fates(asked)[4:] == [("evicted", 2), ("node-lost", 2), ("evicted", 4), ("node-lost", 4)]


def test_a_late_start_is_later_than_the_task_waits_and_its_retries_follow():
    search = kills_and_fates.search(Plan("killed", "", retries=3, pending=600.0), (STARTS,))
    trial = next(search)
    while not any(isinstance(step, Befall) for step in trial.schedule):
        trial = search.send(works())
    first, rest = trial.schedule
    assert isinstance(first, Befall)
    assert first.delay > 600
    assert rest == Run(1, retries=3)


def test_what_is_found_is_repeated():
    def answer(trial: Trial) -> Judged:
        struck = any(isinstance(step, Befall) and step.fate == "evicted" for step in trial.schedule)
        return Judged(works().outcome, (LOST,) if struck else ())

    found, asked = drive(kills_and_fates.search, [STARTS], answer)
    assert [(hit.finding, hit.confirmed) for hit in found.hits] == [(LOST, 3)]
    assert fates(asked).count(("evicted", 0)) == 4


def test_what_a_job_operator_notes_of_its_job_is_no_finding():
    note = Finding("changed", "other", "xcom://d/r/t/job")
    found, _ = drive(kills_and_fates.search, [STARTS], lambda trial: Judged(works().outcome, (note,)))
    assert [hit.trial.schedule for hit in found.hits if isinstance(hit.trial.schedule[0], Befall)] == []


def test_a_budget_that_ends_first_is_said():
    def answer(trial: Trial) -> Judged:
        return Judged(works().outcome, (), late=isinstance(trial.schedule[0], Befall))

    found, asked = drive(kills_and_fates.search, [STARTS], answer)
    assert fates(asked) == [("pending", 0)]
    assert (found.bounded, found.cut) == (True, False)
    assert "before 3 fates of its pod were tried" in found.remarks[0]
