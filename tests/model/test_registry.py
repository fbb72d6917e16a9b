"""A part is one new file: it is found by its place and by what it calls itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_dagguard.model import registry


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    folder = tmp_path / "parts_for_a_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "two_words.py").write_text("PART = 2")
    (folder / "one.py").write_text("PART = 1")
    (folder / "helper.py").write_text("OTHER = 3")
    (folder / "_private.py").write_text("PART = 4\nraise RuntimeError('must not be imported')")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder.name
    for name in [each for each in sys.modules if each.startswith(folder.name)]:
        del sys.modules[name]


def test_parts_are_found_by_module_name(package: str) -> None:
    assert registry.collect(package, "PART") == {"one": 1, "two-words": 2}


def test_names_without_an_attribute_import_nothing(package: str) -> None:
    assert registry.names(package) == ("helper", "one", "two-words")
    assert [each for each in sys.modules if each.startswith(f"{package}.")] == []


def test_names_with_an_attribute(package: str) -> None:
    assert registry.names(package, "PART") == ("one", "two-words")
