"""Verdicts as they come in, and what is said of them at the end."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_dagguard.collection.tally import Tally
from pytest_dagguard.config.settings import resolve
from pytest_dagguard.model.verdict import Verdict, to_plain

VERDICTS = {
    "dags/a.py::a.t::twice": Verdict("scenario", "twice", "pass", "dags/a.py", "a", "t"),
    "dags/a.py::a.t::killed": Verdict(
        "scenario", "killed", "inconclusive", "dags/a.py", "a", "t", reason="it stalled", group="stalled"
    ),
}


class Hook:
    """Takes what is told to third parties."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Verdict]] = []

    def pytest_dagguard_verdict(self, nodeid: str, verdict: Verdict) -> None:
        self.told.append((nodeid, verdict))


class Terminal:
    """Takes what is written on the terminal."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def section(self, title: str) -> None:
        self.lines.append(f"== {title}")

    def write_line(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def tally(tmp_path: Path, request: pytest.FixtureRequest) -> Tally:
    reports = getattr(request, "param", ["json:out/report.json"])
    settings = resolve(tmp_path, {"dagguard_report": reports}, {}, ("twice", "killed"), ("json",))
    config: Any = SimpleNamespace(hook=Hook(), invocation_params=SimpleNamespace(dir=tmp_path), get_verbosity=lambda: 0)
    return Tally(config, settings)


def fill(tally: Tally) -> None:
    for nodeid, verdict in VERDICTS.items():
        report: Any = SimpleNamespace(nodeid=nodeid, dagguard_verdict=json.loads(json.dumps(to_plain(verdict))))
        tally.pytest_runtest_logreport(report)


def said(tally: Tally) -> list[str]:
    terminal: Any = Terminal()
    tally.pytest_terminal_summary(terminal)
    return terminal.lines


def test_each_verdict_is_kept_and_told(tally: Tally) -> None:
    fill(tally)
    assert dict(tally.verdicts) == VERDICTS
    assert dict(tally.config.hook.told) == VERDICTS  # type: ignore[attr-defined]


def test_reports_of_other_tests_are_passed_over(tally: Tally) -> None:
    tally.pytest_runtest_logreport(SimpleNamespace(nodeid="tests/test_x.py::test_x"))  # type: ignore[arg-type]
    assert tally.verdicts == []


def test_reports_are_written_where_pytest_was_started(tally: Tally, tmp_path: Path) -> None:
    fill(tally)
    tally.pytest_sessionfinish()
    written = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [each["id"] for each in written["items"]] == list(VERDICTS)
    assert written["airflow"]
    assert written["seconds"] >= 0


@pytest.mark.parametrize("tally", [["json:taken/report.json", "json:good.json"]], indirect=True)
def test_a_report_that_cannot_be_written_is_said_and_keeps_no_other_from_it(tally: Tally, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    fill(tally)
    tally.pytest_sessionfinish()
    assert (tmp_path / "good.json").exists()
    assert any("taken/report.json" in line for line in said(tally))


def test_the_summary(tally: Tally) -> None:
    assert said(tally) == []
    fill(tally)
    assert said(tally) == ["== dagguard", "1 inconclusive: 1 stalled"]
