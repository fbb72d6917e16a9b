"""The example of an upgrade: what only one of two versions of Airflow finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from subprocess_runs import copied, run_pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "b4_upgrade"


@pytest.mark.slow
def test_each_version_has_a_finding_that_the_other_has_not(tmp_path: Path) -> None:
    ran = run_pytest(copied(FOLDER, tmp_path), "--dagguard", "--dagguard-compare", "tests/airflow-3.0.json")
    _, _, told = ran.stdout.partition("dagguard, compared with tests/airflow-3.0.json")
    here, there = told.partition("1 found only there (Airflow 3.0.6")[::2]
    assert "score::killed: started-twice" in here, ran.stdout
    assert "rules: deprecation-warning: `reattach_on_restart` is deprecated" in here
    assert "score::killed: cannot-finish: The retry fails: TypeError" in there


@pytest.mark.slow
def test_from_airflow_2_only_what_is_deprecated_is_new(tmp_path: Path) -> None:
    ran = run_pytest(copied(FOLDER, tmp_path), "--dagguard", "--dagguard-compare", "tests/airflow-2.11.json")
    _, _, told = ran.stdout.partition("dagguard, compared with tests/airflow-2.11.json")
    assert "1 found only here" in told, ran.stdout
    assert "rules: deprecation-warning: `reattach_on_restart` is deprecated" in told
    assert "found only there" not in told


@pytest.mark.slow
def test_what_was_mended_differs_in_nothing_that_fails(tmp_path: Path) -> None:
    here = copied(FOLDER, tmp_path)
    ran = run_pytest(here, "--dagguard", "--dagguard-compare", "tests/airflow-3.0.json", "fixed/score_users.py")
    assert ran.returncode == 0, ran.stdout
