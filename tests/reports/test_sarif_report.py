"""What is in the SARIF report."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pytest_dagguard.reports.sarif import document

from .hostile import DUPLICATE, FACTS, ITEMS


def run(items: Any = ITEMS) -> dict[str, Any]:
    found: dict[str, Any] = document(items, FACTS)["runs"][0]
    return found


def result(number: int) -> dict[str, Any]:
    found: dict[str, Any] = run()["results"][number]
    return found


def test_each_finding_is_a_result_with_its_rule() -> None:
    rules = run()["tool"]["driver"]["rules"]
    found = [(each["ruleId"], each["level"]) for each in run()["results"]]
    assert found == [
        ("duplicate", "error"),
        ("reader-window", "warning"),
        ("torn", "error"),
        ("missing-retries", "warning"),
        ("missing-retries", "warning"),
        ("x", "error"),
        ("import-error", "error"),
        ("missing-retries", "note"),
    ]
    assert [rules[each["ruleIndex"]]["id"] for each in run()["results"]] == [each for each, _ in found]
    assert len({each["id"] for each in rules}) == len(rules)


def test_a_result_says_where_why_and_what_to_do() -> None:
    location = result(0)["locations"][0]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "dags/sales%20%26%20more.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 41},
    }
    assert location["logicalLocations"] == [{"fullyQualifiedName": "sales.load_sales"}]
    text = result(0)["message"]["text"]
    assert text.startswith(DUPLICATE.message)
    assert f"Why: {DUPLICATE.why}" in text
    assert f"Fix: {DUPLICATE.fix}" in text
    assert text.endswith("Repeat: pytest --dagguard --dagguard-replay=k1.ONSXG5A7Q")


def test_the_history_is_the_code_flow_each_step_at_its_place() -> None:
    steps = [each["location"] for each in result(0)["codeFlows"][0]["threadFlows"][0]["locations"]]
    assert [each["message"]["text"] for each in steps] == [
        "attempt 1  PutObject s3://clean/part-1  created  dags/sales.py:41",
        "^^^ attempt 1 is killed here",
        "attempt 2  PutObject s3://clean/part-2  created  dags/sales.py:41",
    ]
    assert [each["physicalLocation"]["artifactLocation"]["uri"] for each in steps] == [
        "dags/sales.py",
        "dags/sales%20%26%20more.py",
        "dags/sales.py",
    ]
    assert "codeFlows" not in result(1)


def test_what_is_inconclusive_is_a_notification_and_no_result() -> None:
    told = run()["invocations"][0]["toolExecutionNotifications"]
    assert [each["message"]["text"] for each in told] == [
        "dags/sales.py::sales.score::killed is inconclusive: needs <BigQuery>"
    ]
    assert not any("score" in json.dumps(each) for each in run()["results"])


def test_a_finding_of_the_repository_has_no_file() -> None:
    assert result(5)["locations"] == [{"logicalLocations": [{"fullyQualifiedName": "the repository"}]}]


def test_an_item_that_fails_without_a_finding_is_a_result_too() -> None:
    assert result(6)["message"]["text"] == "It hangs."
    assert result(6)["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "dags/broken.py"


def test_control_characters_and_halves_of_characters_are_shown_as_escapes() -> None:
    text = result(2)["message"]["text"]
    assert "red \\x07 \\x00 \\udcff ::error::x\n::warning::y ]]> 日本" in text
    json.dumps(document(ITEMS, FACTS), ensure_ascii=False).encode("utf-8")


def test_a_fingerprint_outlives_an_edit_above_it_and_tells_findings_apart() -> None:
    item, verdict = ITEMS[0]
    moved = [(item, replace(verdict, findings=(replace(DUPLICATE, line=57), *verdict.findings[1:]))), *ITEMS[1:]]
    prints = [each["partialFingerprints"]["dagguardItem/v1"] for each in run()["results"]]
    assert prints == [each["partialFingerprints"]["dagguardItem/v1"] for each in run(moved)["results"]]
    assert len(set(prints)) == len(prints)


def test_a_file_elsewhere_has_a_uri_of_its_own() -> None:
    item, verdict = ITEMS[0]
    elsewhere = [(item, replace(verdict, findings=(replace(DUPLICATE, file="/srv/dags/x y.py"),)))]
    location = run(elsewhere)["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location == {"uri": "file:///srv/dags/x%20y.py"}
