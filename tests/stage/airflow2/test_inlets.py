"""Events of datasets under Airflow 2.11: a task sees those of its inlets, and leaves its own with its success."""

from __future__ import annotations

from laboratory import Laboratory, classes

from .old_files import dag, verbs

SOURCE = """
from airflow.datasets import Dataset, DatasetAlias
from airflow.datasets.metadata import Metadata
DATA = Dataset("s3://out/a")

@task(outlets=[DATA])
def a(outlet_events=None):
    outlet_events[DATA].extra = {"rows": 7}

@task(outlets=[DatasetAlias("latest")])
def b(outlet_events=None):
    yield Metadata(Dataset("s3://out/b"), {"rows": 8}, alias="latest")

@task(inlets=[DATA, DatasetAlias("latest")], outlets=[DATA])
def t(inlet_events=None):
    events = inlet_events[DATA]
    return [
        len(events),
        events[-1].extra["rows"],
        events[0].uri,
        events[0].dataset.uri,
        events[0].source_task_id,
        [each.extra for each in inlet_events[DatasetAlias("latest")]],
        len(inlet_events[0]),
    ]
a() >> b() >> t()
"""


def test_a_task_sees_the_events_of_its_inlets_and_tells_only_of_its_own(lab: Laboratory) -> None:
    outcome = lab.chain(dag(lab, SOURCE), "a", "b", "t")
    assert outcome.last.state == "success", outcome.last.error
    uri = "s3://out/a"
    assert lab.returned(outcome) == [1, 7, uri, uri, "a", [{"rows": 8}], 1]
    assert verbs(outcome).count("asset-event.list") == 3
    before, after = (
        {name for name in each if name.startswith("asset-event://")} for each in (outcome.before, outcome.after)
    )
    assert len(after - before) == 1


def test_where_there_is_none_the_sequence_is_empty(lab: Laboratory) -> None:
    outcome = lab.run(dag(lab, SOURCE.replace("events = inlet_events[DATA]", "return len(inlet_events[DATA])")))
    assert lab.returned(outcome) == 0


def test_a_killed_try_leaves_no_event_and_a_rerun_that_leaves_another_is_a_note(lab: Laboratory) -> None:
    source = """
from airflow.datasets import Dataset
@task(outlets=[Dataset("s3://out/a")])
def t():
    import tiny
    tiny.put("out/a", b"1")
t()
"""
    path = dag(lab, source)
    for scenario in ("killed", "twice"):
        verdict = lab.check(path, scenario)
        assert (scenario, verdict.verdict, classes(verdict)) == (scenario, "pass", []), verdict.reason
    assert any("is produced once more by the rerun" in each for each in verdict.notes)
