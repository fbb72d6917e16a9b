"""Two reports side by side, as values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_dagguard.model.errors import ConfigurationError
from pytest_dagguard.reports.compare import Comparison, Difference, compare, lines, read


def finding(cls: str, message: str = "m", resource: str | None = None) -> dict[str, Any]:
    return {"class": cls, "message": message, "resource": resource}


def item(check: str, verdict: str = "pass", *findings: dict[str, Any], **more: Any) -> dict[str, Any]:
    task = more.get("task_id", "d.t" if check in ("killed", "twice") else None)
    name = "::".join(["dags/a.py", *([task] if task else []), check])
    return {
        "id": name,
        "file": "dags/a.py",
        "dag_id": "d" if task else None,
        "check": check,
        "verdict": verdict,
        "reason": more.get("reason"),
        "findings": list(findings),
    }


def report(*items: dict[str, Any], airflow: str = "3.3.2") -> dict[str, Any]:
    return {"version": 1, "airflow": airflow, "python": "3.11.7", "items": list(items)}


def test_two_equal_runs_differ_in_nothing() -> None:
    one = report(item("killed", "fail", finding("duplicate", resource="s3://b/k")), item("twice"))
    assert compare(one, one) == Comparison()
    assert lines(Comparison(), one, one) == [
        "no difference between here (Airflow 3.3.2, Python 3.11.7) and there (Airflow 3.3.2, Python 3.11.7)"
    ]


def test_a_finding_is_known_again_by_its_resource_whatever_it_says() -> None:
    one = report(item("killed", "fail", finding("duplicate", "in 3 of 3 runs", "s3://b/k")))
    other = report(item("killed", "fail", finding("duplicate", "in 2 of 2 runs", "s3://b/k")))
    assert compare(one, other) == Comparison()


def test_each_run_has_what_only_it_finds() -> None:
    one = report(item("killed", "fail", finding("duplicate", "twice there", "s3://b/k")))
    other = report(item("killed", "fail", finding("lost", "gone", "s3://b/k")))
    found = compare(one, other)
    here = Difference("dags/a.py::d.t::killed", "duplicate s3://b/k: twice there", "fail, lost s3://b/k: gone")
    there = Difference("dags/a.py::d.t::killed", "lost s3://b/k: gone", "fail, duplicate s3://b/k: twice there")
    assert (found.findings_here, found.findings_there) == ((here,), (there,))


def test_one_of_two_equal_findings_is_a_difference() -> None:
    twin = finding("duplicate", resource="s3://b/k")
    found = compare(report(item("killed", "fail", twin, twin)), report(item("killed", "fail", twin)))
    assert len(found.findings_here) == 1
    assert found.findings_there == ()


def test_a_file_that_loads_in_one_run_alone_explains_what_is_missing() -> None:
    loads = report(item("import-error"), item("killed", "fail", finding("duplicate", "m", "s3://b/k")))
    broken = report(item("import-error", "fail", finding("import-error", "No module named 'airflow.sdk'")))
    found = compare(loads, broken)
    (missing,) = found.findings_here
    assert missing.elsewhere == "the file does not load, import-error: No module named 'airflow.sdk'"
    (failure,) = found.findings_there
    assert (failure.item, failure.elsewhere) == ("dags/a.py::import-error", "pass")


def test_what_could_not_be_decided_is_no_difference_in_findings() -> None:
    one = report(item("killed", "inconclusive", reason="need glue"), item("twice", "inconclusive", reason="slow"))
    other = report(item("killed", "pass"), item("twice", "inconclusive", reason="other words"))
    found = compare(one, other)
    assert found == Comparison(inconclusive_here=(Difference("dags/a.py::d.t::killed", "need glue", "pass"),))


def test_a_finding_whose_item_was_inconclusive_elsewhere_says_so() -> None:
    one = report(item("killed", "fail", finding("duplicate", "m", "s3://b/k")))
    other = report(item("killed", "inconclusive", reason="exceeded the budget"))
    assert compare(one, other).findings_here[0].elsewhere == "inconclusive, exceeded the budget"


def test_many_differences_are_cut_and_counted() -> None:
    one = report(item("killed", "fail", *[finding("duplicate", resource=f"s3://b/{n}") for n in range(5)]))
    told = lines(compare(one, report()), one, report(airflow="2.11.2"), most=3)
    assert told[0] == "5 found only here (Airflow 3.3.2, Python 3.11.7):"
    assert told[1] == "  dags/a.py::d.t::killed: duplicate s3://b/0: m [there: no such item]"
    assert told[-1] == "  and 2 more"
    assert len(told) == 5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "No such file or directory; write it with --dagguard-report json:"),
        ("{", "not JSON"),
        ("[]", "no report of --dagguard-report json:"),
        ("{}", "no report of --dagguard-report json:"),
        (json.dumps({"version": 2, "items": []}), "version 2 of the report is not known, only 1"),
    ],
)
def test_what_is_no_report_is_said(tmp_path: Path, text: str | None, told: str) -> None:
    path = tmp_path / "other.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"--dagguard-compare other\.json: ") as caught:
        read(path, "other.json")
    assert told in str(caught.value)


def test_a_report_is_read(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps(report(item("twice"))))
    assert read(path, "other.json") == report(item("twice"))
