"""The table of options: the command line and the reference come from it."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import Any

import pytest

from pytest_dagguard.config.options import OPTIONS, add_options, reference
from pytest_dagguard.config.settings import Settings


class Group:
    """What pytest's option group does, over argparse."""

    def __init__(self) -> None:
        self.parser = argparse.ArgumentParser(prog="pytest")

    def addoption(self, *names: str, **attributes: Any) -> None:
        self.parser.add_argument(*names, **attributes)


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    group = Group()
    add_options(group)
    return group.parser


def test_the_flags_are_those_of_the_contract(parser: argparse.ArgumentParser) -> None:
    flags = {flag for action in parser._actions for flag in action.option_strings} - {"-h", "--help"}
    assert flags == {
        "--dagguard",
        "--dagguard-only",
        "--dagguard-scenarios",
        "--dagguard-budget",
        "--dagguard-report",
        "--dagguard-compare",
        "--dagguard-strict",
        "--dagguard-baseline",
        "--dagguard-update-baseline",
        "--dagguard-changed",
        "--dagguard-no-cache",
        "--dagguard-list",
        "--dagguard-explain",
        "--dagguard-replay",
    }


def test_a_flag_that_is_not_given_is_none(parser: argparse.ArgumentParser) -> None:
    assert set(vars(parser.parse_args([])).values()) == {None}


def test_flags_are_kept_under_the_names_that_resolve_looks_for(parser: argparse.ArgumentParser) -> None:
    given = ["--dagguard", "--dagguard-budget", "1s", "--dagguard-report=json:a", "--dagguard-report=json:b"]
    found = {name: value for name, value in vars(parser.parse_args(given)).items() if value is not None}
    assert found == {"dagguard": True, "dagguard_budget": "1s", "dagguard_report": ["json:a", "json:b"]}


def test_the_help_text_can_be_made(parser: argparse.ArgumentParser) -> None:
    assert "--dagguard-report FORMAT:PATH" in parser.format_help()


def test_every_row_is_a_setting_and_every_setting_a_row() -> None:
    derived = {"root", "seed_required"}
    assert {option.name for option in OPTIONS} == {field.name for field in fields(Settings)} - derived


@pytest.mark.parametrize("attribute", ["name", "flag", "key", "variable"])
def test_no_name_is_used_twice(attribute: str) -> None:
    used = [getattr(option, attribute) for option in OPTIONS if getattr(option, attribute)]
    assert len(used) == len(set(used))


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_rows_are_complete(option: Any) -> None:
    assert option.flag or option.key
    assert option.help
    assert "\n" not in option.help
    assert not option.help.endswith(".")
    assert option.shown
    assert not option.variable or option.variable.startswith("DAGGUARD_")


def test_the_reference_has_a_line_for_each_row() -> None:
    lines = reference().splitlines()
    assert len(lines) == len(OPTIONS) + 2
    assert {line.count("|") for line in lines} == {6}
    assert (
        "| `--dagguard-budget DURATION` | `budget` | `DAGGUARD_BUDGET` | 10s "
        "| search time for each task and scenario (500ms, 10s, 2m); what is cut is said |"
    ) in lines
