"""The plugin as its users meet it: whole runs of pytest over a small repository, each run looked at from many sides."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from repository import FILES, Ran, make, pytest_in


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="module")
def ran(root: Path) -> Ran:
    """One run over everything; most tests look at it."""
    reports = ("--dagguard-report", "json:out/report.json", "--junitxml=junit.xml")
    return pytest_in(root, "--dagguard", "-v", "-rs", *reports)


SCENARIOS = {
    f"dags/sales.py::sales.{task}::{scenario}": outcome
    for task, outcomes in {
        "good": ("PASSED", "PASSED"),
        "bad": ("FAILED", "FAILED"),
        "window": ("PASSED", "PASSED"),
        "lacks": ("SKIPPED", "SKIPPED"),
    }.items()
    for scenario, outcome in zip(("twice", "killed"), outcomes, strict=True)
}
SCENARIOS.update({f"dags/test_daily.py::daily.t::{scenario}": "PASSED" for scenario in ("twice", "killed")})
RULES = {f"dags/{name}.py::rules": "PASSED" for name in ("broken", "nothing", "sales", "test_daily")}
ITEMS = {
    "dags/broken.py::import-error": "FAILED",
    "dags/nothing.py::no-dag-in-file": "PASSED",
    "dags/test_daily.py::daily::missing-retries": "PASSED",
    **RULES,
    **SCENARIOS,
}


def test_items_are_named_and_come_out_as_the_contract_says(ran: Ran) -> None:
    assert ran.outcomes == ITEMS
    assert ran.code == 1
    assert "3 failed, 12 passed, 2 skipped" in ran.out


def test_a_broken_file_is_one_failed_item_with_its_line(ran: Ran) -> None:
    section = ran.out.split(" import-error ____")[1].split(" sales.bad twice ____")[0]
    assert "dags/broken.py:4 does not load: SyntaxError" in section


def test_the_header_says_what_is_tried_and_how_closed_in_it_is(ran: Ran) -> None:
    assert re.search(r"^dagguard: twice, killed; budget 120 s for each task and scenario; Airflow \d", ran.out, re.M)
    assert re.search(r"^egress: .*audit hook", ran.out, re.M)


def test_a_failure_is_told_with_line_history_and_command(ran: Ran) -> None:
    section = ran.out.split(" sales.bad killed ____")[1].split("\n====")[0]
    for text in (
        'does not withstand the scenario "killed"',
        "duplicate: s3://clean/part-<uuid>",
        "attempt 1 is killed here",
        "Again:   pytest --dagguard --dagguard-scenarios killed dags/sales.py::sales.bad::killed",
    ):
        assert text in section
    assert "Traceback" not in section


def test_the_summary_counts_what_is_inconclusive_and_tells_warnings(ran: Ran) -> None:
    summary = ran.out.split(" dagguard ====")[1]
    assert re.search(r"^2 inconclusive: 2 ", summary, re.M)
    assert re.search(r"^warn dags/\w+.py:\d+: sales.window twice: reader-window: ", summary, re.M)
    assert re.search(r"^warn dags/nothing.py: .*no-dag-in-file", summary, re.M)


def test_what_is_inconclusive_is_skipped_with_its_reason_and_place(ran: Ran) -> None:
    (line,) = [each for each in ran.out.splitlines() if each.startswith("SKIPPED [2]")]
    assert "there is nothing to do" in line
    assert "items.py" not in line
    assert "dags/sales.py" in line


def test_no_airflow_comes_into_the_director(ran: Ran) -> None:
    assert "IMPORTED []" in ran.out


def test_the_hook_is_called_for_each_verdict(ran: Ran) -> None:
    called = dict(line.rsplit(" ", 1) for line in (ran.root / "verdicts.txt").read_text().splitlines())
    assert called.keys() == ITEMS.keys()
    assert called["dags/sales.py::sales.window::twice"] == "warn"
    assert called["dags/sales.py::sales.lacks::twice"] == "inconclusive"


@pytest.fixture(scope="module")
def report(ran: Ran) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ran.root / "out" / "report.json").read_text())
    return found


def test_the_report_has_every_item(report: dict[str, Any]) -> None:
    assert report["version"] == 1
    ids = [each["id"] for each in report["items"]]
    assert sorted(ids) == sorted(ITEMS)
    assert [each for each in ids if each in SCENARIOS] == list(SCENARIOS)
    assert report["totals"] == {"pass": 8, "fail": 3, "warn": 4, "inconclusive": 2}
    assert re.match(r"\d+\.\d+", report["airflow"])
    assert report["seconds"] > 0


def test_an_item_of_the_report(report: dict[str, Any]) -> None:
    (item,) = [each for each in report["items"] if each["id"] == "dags/sales.py::sales.bad::killed"]
    assert {key: item[key] for key in ("kind", "check", "file", "dag_id", "task_id", "verdict", "reason")} == {
        "kind": "scenario",
        "check": "killed",
        "file": "dags/sales.py",
        "dag_id": "sales",
        "task_id": "bad",
        "verdict": "fail",
        "reason": None,
    }
    assert item["checked"]["kill_states"] == [1, 1]
    (finding,) = item["findings"]
    assert (finding["class"], finding["resource"], finding["confirmed"]) == (
        "duplicate",
        "s3://clean/part-<uuid>",
        3,
    )
    assert finding["file"] in ("dags/sales.py", "dags/tiny.py")
    assert finding["line"] > 0
    assert finding["history"]


def test_junit(ran: Ran) -> None:
    cases = ET.parse(ran.root / "junit.xml").getroot().findall(".//testcase")
    states = {
        (each.get("classname"), each.get("name")): next((child.tag for child in each), "passed") for each in cases
    }
    assert len(states) == len(ITEMS)
    killed = [state for (_, name), state in states.items() if name and name.endswith("killed")]
    assert sorted(killed) == ["failure", "passed", "passed", "passed", "skipped"]


def test_the_repository_is_left_as_it_was(ran: Ran) -> None:
    made = {str(each.relative_to(ran.root)) for each in ran.root.rglob("*") if each.is_file()}
    own = {each for each in made if "__pycache__" not in each and ".pytest_cache" not in each}
    assert own == {*FILES, "verdicts.txt", "junit.xml", "out/report.json"}
    assert not [each for each in made if "__pycache__" in each and each.startswith("dags/")]


def test_without_the_flag_nothing_is_collected_or_imported(root: Path) -> None:
    without = pytest_in(root, "-v", "tests", "dags", "--ignore=dags/test_daily.py")
    assert without.outcomes == {"tests/test_own.py::test_own": "PASSED"}
    assert "dagguard:" not in without.out
    assert "IMPORTED []" in without.out
    assert without.code == 0


@pytest.mark.slow
def test_selections(ran: Ran) -> None:
    again = pytest_in(ran.root, "--dagguard", "-v", "--lf", "-x")
    assert again.outcomes == {"dags/broken.py::import-error": "FAILED"}
    failed = pytest_in(ran.root, "--dagguard", "--lf", "--collect-only", "-q")
    assert failed.ids == [each for each, outcome in ITEMS.items() if outcome == "FAILED"]
    some = pytest_in(ran.root, "--dagguard", "--collect-only", "-q", "-k", "good or import", "-m", "dagguard_scenario")
    assert some.ids == [each for each in SCENARIOS if "good" in each]
    rules = pytest_in(ran.root, "--dagguard", "--collect-only", "-q", "-m", "dagguard_rule", "--strict-markers")
    assert sorted(rules.ids) == sorted(each for each in ITEMS if each not in SCENARIOS)


@pytest.mark.slow
def test_a_file_or_an_item_may_be_named(root: Path) -> None:
    one = pytest_in(root, "--dagguard", "-v", "dags/sales.py::sales.good::killed")
    assert one.outcomes == {"dags/sales.py::sales.good::killed": "PASSED"}
    assert one.code == 0
    task = pytest_in(root, "--dagguard", "--collect-only", "-q", "dags/sales.py::sales.good", "dags/broken.py")
    assert task.ids == [
        "dags/sales.py::sales.good::twice",
        "dags/sales.py::sales.good::killed",
        "dags/broken.py::import-error",
        "dags/broken.py::rules",
    ]
    kept = pytest_in(root, "--dagguard", "-v", "dags/sales.py::sales::missing-retries")
    assert kept.outcomes == {"dags/sales.py::sales::missing-retries": "PASSED"}
    mixed = pytest_in(root, "--dagguard", "-v", "tests/test_own.py", "dags/nothing.py")
    assert mixed.outcomes == {
        "tests/test_own.py::test_own": "PASSED",
        "dags/nothing.py::no-dag-in-file": "PASSED",
        "dags/nothing.py::rules": "PASSED",
    }


@pytest.mark.slow
@pytest.mark.parametrize("elsewhere", [False, True], ids=["on this machine", "on others"])
def test_workers_of_xdist_come_to_the_same(root: Path, elsewhere: bool) -> None:
    spread_over: tuple[str, ...] = ("-n", "2")
    if elsewhere:  # as on two other hosts: each with a copy of the repository in a folder of its own
        hosts = [f"popen//chdir={root.parent / name}" for name in ("one", "two")]
        spread_over = (str(root / "dags"), "--dist", "load", "--rsyncdir", str(root))
        spread_over += tuple(each for host in hosts for each in ("--tx", host))
    spread = pytest_in(root, "--dagguard", "-v", *spread_over, "--dagguard-report", "json:spread.json")
    assert spread.outcomes == ITEMS
    assert "2 inconclusive" in spread.out
    items = json.loads((root / "spread.json").read_text())["items"]
    assert {each["id"] for each in items} == set(ITEMS)
    assert "IMPORTED []" in spread.out
    where = re.findall(r"^\[(gw\d+)\].*? (dags/\S+::\w+)\.\S+::\w+", spread.out, re.MULTILINE)
    assert len(where) == len(SCENARIOS)
    assert len({dag for _, dag in where}) == len({*where})  # one worker for each DAG


@pytest.mark.slow
def test_a_terminal_shows_how_far_it_is(root: Path) -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "pytest", "--dagguard", "-p", "no:cacheprovider", "dags/sales.py"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DAGGUARD_"))}
    environ = {**inherited, "TERM": "xterm", "COLUMNS": "160"}
    with subprocess.Popen(command, cwd=root, env=environ, stdout=follower, stderr=follower) as process:
        os.close(follower)
        out = b""
        with contextlib.suppress(OSError):  # what a terminal says when its program has ended
            while piece := os.read(leader, 65536):
                out += piece
        process.wait()
    os.close(leader)
    shown = re.findall(
        rb"\x1b7 (sales\.\w+ \w+: \d+ tried, \d+ states? known, \d+ s of budget left, item \d+ of \d+)", out
    )
    assert shown, out[-3000:]
    assert out.count(b"\x1b7") <= out.count(b"\x1b[0K")  # nothing of it stays


@pytest.mark.slow
def test_strict_fails_what_is_open_and_what_warns(tmp_path: Path) -> None:
    config = 'strict = true\nscenarios = ["twice"]'
    rules = '[tool.dagguard.rules]\nselect = ["import-error", "no-dag-in-file", "missing-retries"]\nseverity.missing-retries = "warning"'
    make(tmp_path, **{"pyproject.toml": f"[tool.dagguard]\n{config}\n{rules}\n"})
    strict = pytest_in(tmp_path, "--dagguard", "-v")
    assert strict.outcomes == {
        each: "PASSED" if "good" in each or "daily.t::" in each or each.endswith("::rules") else "FAILED"
        for each in ITEMS
        if not each.endswith("killed")
    }
