"""Asset events: DAGs are scheduled on them, so one too many or one too few is a fault."""

from __future__ import annotations

import json

from laboratory import Laboratory, classes
from older import AIRFLOW

HEAD = """
    import tiny, uuid
    from airflow.sdk import Asset, AssetAlias, Metadata
    from airflow.exceptions import AirflowSkipException
"""
OUTLET = '@task(outlets=[Asset("sales")])'
KILLS = (1, 1) if AIRFLOW >= (3, 0) else (2, 2)
"""Airflow 2 pushes an XCom with the task's outlets before it reports the end."""
EVENT = "asset-event://sales/d/manual__2024-01-01/t#1"


def test_an_event_belongs_to_the_state(lab: Laboratory) -> None:
    outcome = lab.attempt('yield Metadata(Asset("sales"), {"rows": 3})', head=HEAD, decorator=OUTLET)
    assert outcome.last.state == "success", outcome.last.log
    found = json.loads(lab.lab.content(outcome.after[EVENT].digest))
    assert found == {"extra": {"rows": 3}, "aliases": [], "partition_key": None}


def test_a_task_that_produces_one_event_passes_and_a_rerun_is_a_note(lab: Laboratory) -> None:
    path = lab.task('tiny.put("out/a", b"1"); tiny.put("out/b", b"1")', head=HEAD, decorator=OUTLET, retries=1)
    for scenario in ("killed", "concurrent", "zombie"):
        verdict = lab.check(path, scenario)
        assert (verdict.verdict, classes(verdict), verdict.notes) == ("pass", [], ()), (scenario, verdict.findings)
    verdict = lab.check(path, "twice")
    assert (verdict.verdict, classes(verdict)) == ("pass", [])
    assert any("is produced once more by the rerun" in each for each in verdict.notes)


def test_a_kill_after_the_report_of_the_end_is_no_place_of_its_own(lab: Laboratory) -> None:
    path = lab.task('tiny.put("out/a", b"1")', head=HEAD, decorator=OUTLET, retries=1)
    assert lab.check(path, "killed").checked.kill_states == KILLS


def test_a_retry_that_finds_its_work_done_and_produces_no_event_is_found(lab: Laboratory) -> None:
    body = """
        if tiny.get("out/a") is None:
            tiny.put("out/a", b"1")
            outlet_events[AssetAlias("any")].add(Asset("sales"))
    """
    decorator = '@task(outlets=[AssetAlias("any")])'
    path = lab.task(body, head=HEAD, decorator=decorator, parameters="*, outlet_events", retries=1)
    verdict = lab.check(path, "killed")
    assert classes(verdict) == ["lost"], verdict.reason
    assert "was not produced, and one clean run produces it" in verdict.findings[0].message


def test_an_event_with_other_details_is_found(lab: Laboratory) -> None:
    body = """
        count = 0 if tiny.get("out/a") else 1
        tiny.put("out/a", b"1")
        yield Metadata(Asset("sales"), {"rows": count, "id": str(uuid.uuid4())})
    """
    verdict = lab.check(lab.task(body, head=HEAD, decorator=OUTLET, retries=1), "killed")
    assert classes(verdict) == ["changed"], verdict.reason
    assert "rows" in verdict.findings[0].message
