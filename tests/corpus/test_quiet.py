"""The rules are quiet on the example DAGs that are installed, and each error that they have is defended."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from pytest_dagguard.model.finding import Finding

from .quiet import Count, complaints, count, defended, repository


@pytest.mark.slow
def test_on_the_examples_that_are_installed(tmp_path: Path) -> None:
    found = count(tmp_path, repository(tmp_path, ()))
    assert found.dags > 60
    assert complaints(found) == []


def test_each_error_of_the_table_is_of_a_rule_and_has_a_reason() -> None:
    assert sum(defended().values()) == 17


def finding(rule: str, file: str) -> Finding:
    return Finding(rule, "m", file=f"dags/{file}", line=1)


def test_an_error_that_is_not_defended_is_told() -> None:
    known = finding("parse-time-lookup", "tutorial_objectstorage.py")
    assert complaints(Count(loaded=100, dags=100, errors=[known])) == []
    assert complaints(Count(loaded=100, dags=100, errors=[known, known])) == [
        "parse-time-lookup in tutorial_objectstorage.py: 2 errors, 1 of them defended"
    ]
    other = finding("import-error", "tutorial_objectstorage.py")
    assert complaints(Count(loaded=100, dags=100, errors=[other])) == [
        "import-error in tutorial_objectstorage.py: 1 errors, 0 of them defended"
    ]


def test_too_many_errors_are_told() -> None:
    known = finding("parse-time-lookup", "tutorial_objectstorage.py")
    assert complaints(Count(loaded=19, dags=19, errors=[known])) == ["1 errors in 19 DAGs are more than 1 in 20"]
    assert complaints(Count(loaded=20, dags=20, errors=[known])) == []


def test_a_rule_that_is_shown_and_fires_on_many_files_is_told() -> None:
    fires = Counter({"missing-retries": 90, "sensor-without-timeout": 34})
    assert complaints(Count(loaded=100, dags=100, fires=fires)) == [
        "sensor-without-timeout (warning) fires on 34 of 100 files, more than a third"
    ]
