"""How much a rule's finding weighs."""

from __future__ import annotations

import pytest

from pytest_dagguard.model.rule import ERROR, OFF, WARNING, Choice, Rule

GONE = Rule("gone", "file", ERROR, "a summary", "", lambda _: (), before_3=WARNING)


@pytest.mark.parametrize(
    ("choice", "airflow2", "severity"),
    [
        (Choice(), False, ERROR),
        (Choice(), True, WARNING),
        (Choice(severity={"gone": "error"}), True, ERROR),
        (Choice(ignore=("gone",)), True, OFF),
    ],
)
def test_what_airflow_3_takes_away_is_a_warning_under_airflow_2(choice: Choice, airflow2: bool, severity: str) -> None:
    assert choice.severity_of(GONE, "upgrade", airflow2) == severity


def test_a_rule_that_says_nothing_of_it_weighs_the_same_under_both() -> None:
    rule = Rule("same", "file", ERROR, "a summary", "", lambda _: ())
    assert {Choice().severity_of(rule, "f", each) for each in (False, True)} == {ERROR}
