"""The JSON report: the shape that version 1 promises."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_dagguard.model.errors import DagguardError
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.registry import collect
from pytest_dagguard.model.verdict import Checked, Verdict
from pytest_dagguard.reports.json import document, write
from pytest_dagguard.reports.report import Report, RunFacts

TEXT, COUNT, SWITCH = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}
OPTIONAL = {"type": ["string", "null"], "minLength": 1}
SECONDS = {"type": "number", "minimum": 0}


def strict(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


FINDING = strict(
    {
        "class": TEXT,
        "message": TEXT,
        "resource": OPTIONAL,
        "file": OPTIONAL,
        "line": {"type": ["integer", "null"], "minimum": 1},
        "why": OPTIONAL,
        "fix": OPTIONAL,
        "replay": OPTIONAL,
        "confirmed": COUNT,
        "history": {"type": "array", "items": TEXT},
    }
)
CHECKED = strict(
    {
        "kill_states": {"type": "array", "items": COUNT, "minItems": 2, "maxItems": 2},
        "closed": SWITCH,
        "schedules": COUNT,
        "attempts": COUNT,
        "operations": COUNT,
        "bounded": SWITCH,
    }
)
ITEM = strict(
    {
        "id": TEXT,
        "kind": {"enum": ["rule", "scenario", "load"]},
        "check": TEXT,
        "file": OPTIONAL,
        "dag_id": OPTIONAL,
        "task_id": OPTIONAL,
        "verdict": {"enum": ["pass", "fail", "warn", "inconclusive"]},
        "reason": OPTIONAL,
        "group": OPTIONAL,
        "seconds": SECONDS,
        "checked": CHECKED,
        "findings": {"type": "array", "items": FINDING},
        "notes": {"type": "array", "items": TEXT},
    }
)
SCHEMA = strict(
    {
        "version": {"const": 1},
        "dagguard": TEXT,
        "airflow": TEXT,
        "python": TEXT,
        "seconds": SECONDS,
        "totals": strict({"pass": COUNT, "fail": COUNT, "warn": COUNT, "inconclusive": COUNT}),
        "items": {"type": "array", "items": ITEM},
    }
)

FACTS = RunFacts(dagguard="0.1.0", airflow="3.3.2", python="3.11.7", seconds=12.34567)
FINDING_VALUE = Finding(
    cls="duplicate",
    message="A clean run leaves 1 object; this run left 2.",
    resource="s3://clean/ds=2024-01-01/part-<uuid>",
    file="dags/sales.py",
    line=41,
    why="why",
    fix="fix",
    replay="k1.ONSXG5A7Q",
    confirmed=3,
    history=("one", "two"),
)
FAILED = Verdict(
    kind="scenario",
    check="killed",
    verdict="fail",
    file="dags/sales.py",
    dag_id="sales",
    task_id="load_sales",
    seconds=1.2,
    checked=Checked(kill_states=(2, 2), attempts=9, operations=41),
    findings=(FINDING_VALUE,),
    notes=("a note",),
    logs={"attempt 1": "secret"},
)
LOAD = Verdict(
    kind="load",
    check="import-error",
    verdict="fail",
    file="dags/broken.py",
    findings=(Finding("import-error", "No module named 'x'"),),
)
INCONCLUSIVE = replace(
    FAILED, verdict="inconclusive", reason="glue StartJobRun is not emulated", group="need Glue", findings=()
)
RULE = Verdict(kind="rule", check="no-airflow-plugins", verdict="pass")
ITEMS = [
    ("dags/sales.py::sales.load_sales::killed", FAILED),
    ("dags/broken.py::import-error", LOAD),
    ("dags/sales.py::sales.load_sales::twice", INCONCLUSIVE),
    (".::no-airflow-plugins", RULE),
]


def test_it_is_exactly_what_the_contract_shows() -> None:
    assert document(ITEMS[:1], FACTS) == {
        "version": 1,
        "dagguard": "0.1.0",
        "airflow": "3.3.2",
        "python": "3.11.7",
        "seconds": 12.346,
        "totals": {"pass": 0, "fail": 1, "warn": 0, "inconclusive": 0},
        "items": [
            {
                "id": "dags/sales.py::sales.load_sales::killed",
                "kind": "scenario",
                "check": "killed",
                "file": "dags/sales.py",
                "dag_id": "sales",
                "task_id": "load_sales",
                "verdict": "fail",
                "reason": None,
                "group": None,
                "seconds": 1.2,
                "checked": {
                    "kill_states": [2, 2],
                    "closed": False,
                    "schedules": 0,
                    "attempts": 9,
                    "operations": 41,
                    "bounded": False,
                },
                "findings": [
                    {
                        "class": "duplicate",
                        "message": "A clean run leaves 1 object; this run left 2.",
                        "resource": "s3://clean/ds=2024-01-01/part-<uuid>",
                        "file": "dags/sales.py",
                        "line": 41,
                        "why": "why",
                        "fix": "fix",
                        "replay": "k1.ONSXG5A7Q",
                        "confirmed": 3,
                        "history": ["one", "two"],
                    }
                ],
                "notes": ["a note"],
            }
        ],
    }


def test_it_keeps_to_the_schema(tmp_path: Path) -> None:
    write(ITEMS, FACTS, tmp_path / "report.json")
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads((tmp_path / "report.json").read_text()))


def test_what_is_unknown_is_null() -> None:
    load, rule = document([ITEMS[1], ITEMS[3]], FACTS)["items"]
    assert (load["dag_id"], load["task_id"], rule["file"]) == (None, None, None)
    assert {key: load["findings"][0][key] for key in ("line", "file", "replay", "why")} == {
        "line": None,
        "file": None,
        "replay": None,
        "why": None,
    }


def test_the_totals_add_up() -> None:
    assert document(ITEMS, FACTS)["totals"] == {"pass": 1, "fail": 2, "warn": 0, "inconclusive": 1}
    assert document([], FACTS)["totals"] == {"pass": 0, "fail": 0, "warn": 0, "inconclusive": 0}


def test_no_log_gets_into_the_report(tmp_path: Path) -> None:
    write(ITEMS, FACTS, tmp_path / "report.json")
    assert "secret" not in (tmp_path / "report.json").read_text()


def test_names_that_are_not_unicode_are_no_obstacle(tmp_path: Path) -> None:
    item = replace(FAILED, findings=(replace(FINDING_VALUE, resource="s3://b/\udcff-日本"),))
    write([("x", item)], FACTS, tmp_path / "report.json")
    found = json.loads((tmp_path / "report.json").read_bytes().decode("ascii"))
    assert found["items"][0]["findings"][0]["resource"] == "s3://b/\udcff-日本"


def test_folders_are_made_and_an_old_report_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a/b/report.json"
    write(ITEMS, FACTS, path)
    write([], FACTS, path)
    assert json.loads(path.read_text())["items"] == []
    assert os.listdir(path.parent) == ["report.json"]
    assert stat.S_IMODE(path.stat().st_mode) & 0o400


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    write([], FACTS, tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").is_file()


def test_a_report_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DagguardError) as caught:
        write([], FACTS, tmp_path / "file/report.json")
    assert str(caught.value) == f"--dagguard-report: cannot write {tmp_path}/file/report.json: Not a directory"


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(DagguardError, match="Is a directory"):
        write([], FACTS, tmp_path)


def test_every_format_is_found_by_its_file() -> None:
    found = collect("pytest_dagguard.reports", "REPORT")
    assert "json" in found
    assert not {"report", "terminal"} & set(found)
    for report in found.values():
        assert isinstance(report, Report)
        assert report.summary
        assert "\n" not in report.summary
