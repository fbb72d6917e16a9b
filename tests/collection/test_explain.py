from __future__ import annotations

import pytest

from pytest_dagguard.collection import explain


def test_a_scenario_is_explained_in_full() -> None:
    text = explain.text("killed")
    assert text.startswith("killed: the worker is killed")
    assert "Use instead" in text


@pytest.mark.parametrize(("name", "weight"), [("duplicate", "By default: fails."), ("leak", "a warning")])
def test_a_finding_class_is_explained_with_its_weight(name: str, weight: str) -> None:
    text = explain.text(name)
    assert text.startswith(f"{name}: ")
    assert weight in text


@pytest.mark.parametrize(
    ("name", "hint"), [("kiled", "did you mean 'killed'"), ("duplicates", "did you mean 'duplicate'"), ("x", "Known: ")]
)
def test_a_name_that_is_not_there_is_said_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(pytest.UsageError, match=hint) as caught:
        explain.text(name)
    assert "killed" in str(caught.value)


def test_the_list_has_a_part_for_each_kind() -> None:
    lines = explain.listing().splitlines()
    assert [line for line in lines if not line.startswith(" ")] == [
        "rules:",
        "scenarios:",
        "findings:",
        "emulators:",
        "reports:",
    ]
    assert all(len(line.split()) > 2 for line in lines if line.startswith(" "))


def test_each_emulator_says_what_it_is_in_one_line() -> None:
    lines = explain.listing().split("emulators:\n")[1].split("reports:")[0].splitlines()
    said = dict(line.split(maxsplit=1) for line in lines)
    assert said["s3"].startswith("The S3 emulator")
    assert not any(":class:" in each or each.startswith(("Make ", "One ")) for each in said.values())
