"""What becomes of a task by its trigger rule: as Airflow itself has it, and row by row."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from pytest_dagguard.engine.trigger_rules import Before, becomes

LETTERS = {"s": "success", "f": "failed", "k": "skipped", "u": "upstream_failed", "-": "running"}
RUNS, SKIPPED, FAILED, WAITS = "", "skipped", "upstream_failed", "waits"


@pytest.mark.parametrize(
    ("rule", "rows"),
    [
        ("all_success", {"sss": RUNS, "ssk": SKIPPED, "s-k": SKIPPED, "skf": FAILED, "s-u": FAILED, "ss-": WAITS}),
        ("all_failed", {"ffu": RUNS, "ffs": SKIPPED, "f-k": SKIPPED, "ff-": WAITS}),
        ("all_done", {"sfk": RUNS, "uuu": RUNS, "sf-": WAITS}),
        ("one_success", {"s--": RUNS, "sfk": RUNS, "kkk": SKIPPED, "kkf": FAILED, "kk-": WAITS}),
        ("one_failed", {"f--": RUNS, "uss": RUNS, "ssk": SKIPPED, "ss-": WAITS}),
        ("one_done", {"s--": RUNS, "f--": RUNS, "kkk": SKIPPED, "kku": SKIPPED, "kk-": WAITS}),
        ("none_failed", {"skk": RUNS, "kkk": RUNS, "skf": FAILED, "u--": FAILED, "sk-": WAITS}),
        ("none_skipped", {"sfu": RUNS, "s-k": SKIPPED, "sf-": WAITS}),
        (
            "none_failed_min_one_success",
            {"skk": RUNS, "sss": RUNS, "kkk": SKIPPED, "skf": FAILED, "f--": FAILED, "sk-": WAITS, "kk-": WAITS},
        ),
        ("all_skipped", {"kkk": RUNS, "kks": SKIPPED, "f--": SKIPPED, "kk-": WAITS}),
        ("all_done_min_one_success", {"sff": RUNS, "sfk": SKIPPED, "k--": SKIPPED, "ffu": FAILED, "sf-": WAITS}),
        ("all_done_setup_success", {"sff": RUNS, "fsk": RUNS, "sf-": WAITS}),
        ("always", {"---": RUNS, "ffk": RUNS}),
        ("one_of_times_to_come", {"sfk": RUNS, "sf-": WAITS}),
    ],
)
def test_a_rule_counts_all_tasks_before_it(rule: str, rows: dict[str, str]) -> None:
    found = {row: becomes(rule, [Before(LETTERS[each]) for each in row]) for row in rows}
    assert found == rows


@pytest.mark.parametrize(
    ("setups", "others", "expected"),
    [
        ("s", "f", RUNS),
        ("f", "s", FAILED),
        ("k", "s", SKIPPED),
        ("sf", "s", RUNS),
        ("kf", "s", FAILED),
        ("k-", "s", WAITS),
    ],
)
def test_a_teardown_goes_by_its_setups(setups: str, others: str, expected: str) -> None:
    before = [Before(LETTERS[each], True) for each in setups] + [Before(LETTERS[each]) for each in others]
    assert becomes("all_done_setup_success", before) == expected


def test_a_task_with_none_before_it_runs() -> None:
    assert becomes("all_failed", []) == RUNS


@pytest.mark.slow
def test_it_is_as_airflow_has_it(tmp_path: Path) -> None:
    script = Path(__file__).with_name("trigger_rule_reference.py")
    environment = {"AIRFLOW_HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, env=environment, cwd=tmp_path, check=True
    )
    rows = json.loads(done.stdout.splitlines()[-1])
    assert {rule for rule, *_ in rows} >= {"all_done", "none_failed_min_one_success"}
    assert set(Counter(found for *_, found in rows)) == {RUNS, SKIPPED, FAILED, WAITS}
    wrong = [row for row in rows if becomes(row[0], [Before(row[2], row[1]), Before(row[3])]) != row[4]]
    assert not wrong
