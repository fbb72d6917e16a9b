"""The repository's files: which are kept, and that one which is not is read again and is the same."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from pytest_dagguard.engine import sources
from pytest_dagguard.engine.sources import Sources


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sources:
    monkeypatch.setattr(sources, "KEPT", 3)
    for number in range(6):
        Path(tmp_path, f"file_{number}.py").write_text(f"NUMBER = {number}\n")
    return Sources(tmp_path)


def test_a_file_that_is_asked_for_again_is_the_same_object(repository: Sources) -> None:
    assert repository["file_0.py"] is repository["file_0.py"]


def test_of_many_files_those_are_kept_that_were_asked_for_last(repository: Sources) -> None:
    first = repository["file_0.py"]
    second = repository["file_1.py"]
    repository["file_2.py"]
    assert repository["file_0.py"] is first
    repository["file_3.py"]
    assert repository["file_0.py"] is first
    again = repository["file_1.py"]
    assert again is not second
    assert (again.name, again.text, again.path) == (second.name, second.text, second.path)
    assert again.tree is not None
    assert second.tree is not None
    assert ast.dump(again.tree) == ast.dump(second.tree)


def test_all_files_come_up_where_there_are_more_than_are_kept(repository: Sources) -> None:
    assert [each.text for each in repository.values()] == [f"NUMBER = {number}\n" for number in range(6)]
    assert len(repository) == 6


def test_a_file_that_is_not_there_is_not_there_twice(repository: Sources) -> None:
    for _ in range(2):
        assert "nothing.py" not in repository
