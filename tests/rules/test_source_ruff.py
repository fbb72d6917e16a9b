"""How ruff is asked: once for many files, and so that neither its nor the user's settings count."""

from __future__ import annotations

import ast
import subprocess
import uuid
from pathlib import Path

import pytest
from pytest_mock import MockerFixture

from pytest_dagguard.model.dag import DagFile, LoadError
from pytest_dagguard.model.errors import DagguardError
from pytest_dagguard.model.rule import Repository, Source, Subject
from pytest_dagguard.rules import upgrade
from pytest_dagguard.rules._source import ruff

DAG = 'from airflow.sdk import DAG\n\nwith DAG("{}", start_date=None):  {}\n    pass\n'


def source(folder: Path, name: str, remark: str = "", *, write: bool = True) -> Source:
    """A DAG without a schedule; its text is new, so that nothing is known of it yet."""
    text = DAG.format(uuid.uuid4().hex, remark)
    path = folder / name
    if write:
        path.write_text(text)
    return Source(path, name, text, ast.parse(text))


def codes(subject: Subject) -> list[tuple[str, int]]:
    return [(each.code, each.line) for each in ruff.remarks(subject)]


def test_the_first_question_takes_all_files_along(tmp_path: Path, mocker: MockerFixture) -> None:
    sources = [source(tmp_path, f"{number}.py") for number in range(5)]
    repository = Repository(tmp_path, sources={each.name: each for each in sources})
    run = mocker.spy(subprocess, "run")
    for each in sources * 2:
        assert codes(Subject(repository, each)) == [("AIR002", 3)]
    assert run.call_count == 1


def test_a_text_that_is_not_on_disk_is_read_all_the_same(tmp_path: Path) -> None:
    each = source(tmp_path, "unsaved.py", write=False)
    assert codes(Subject(Repository(tmp_path), each)) == [("AIR002", 3)]
    changed = source(tmp_path, "changed.py")
    changed.path.write_text("x = 1\n")
    assert codes(Subject(Repository(tmp_path), changed)) == [("AIR002", 3)]


def test_a_file_behind_a_link_is_known_by_both_names(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    each = source(tmp_path / "real", "x.py")
    linked = Source(tmp_path / "link/x.py", "link/x.py", each.text, each.tree)
    assert codes(Subject(Repository(tmp_path), linked)) == [("AIR002", 3)]


def test_the_users_settings_do_not_count_and_noqa_does(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.ruff.lint]\nselect = ["E501"]\n[tool.ruff]\nexclude = ["*.py"]\n')
    assert codes(Subject(Repository(tmp_path), source(tmp_path, "x.py"))) == [("AIR002", 3)]
    assert codes(Subject(Repository(tmp_path), source(tmp_path, "y.py", "# noqa: AIR002"))) == []


def test_a_ruff_that_cannot_be_run_is_told(tmp_path: Path, mocker: MockerFixture) -> None:
    mocker.patch("ruff.find_ruff_bin", return_value=str(tmp_path / "none"))
    with pytest.raises(DagguardError, match="call ruff, which did not answer.*Install it again"):
        ruff.remarks(Subject(Repository(tmp_path), source(tmp_path, "x.py")))


OLD = "from airflow.sdk import DAG\nfrom airflow.operators.python import get_current_context\n\nget_current_context()\n"


@pytest.mark.parametrize(
    ("errors", "removed"),
    [((), False), ((LoadError("missing-module", "No module named 'airflow.operators'"),), True)],
)
def test_a_name_that_loads_is_not_called_removed(tmp_path: Path, errors: tuple[LoadError, ...], removed: bool) -> None:
    (tmp_path / "old.py").write_text(OLD)
    each = Source(tmp_path / "old.py", "old.py", OLD, ast.parse(OLD))
    subject = Subject(Repository(tmp_path), each, DagFile(str(each.path), errors=errors))
    rules = {rule.name: rule for rule in upgrade.RULES}
    assert [finding.line for finding in rules["removed-api"].check(subject)] == ([4] if removed else [])
    assert [finding.line for finding in rules["moved-api"].check(subject)] == ([] if removed else [4])


BOTH = """
from airflow.sdk import DAG
if NEW:
    from airflow.sdk import get_current_context
else:
    from airflow.operators.python import get_current_context
get_current_context()
"""


def test_a_name_that_is_taken_from_either_place_is_neither_removed_nor_moved(tmp_path: Path) -> None:
    (tmp_path / "both.py").write_text(BOTH)
    each = Source(tmp_path / "both.py", "both.py", BOTH, ast.parse(BOTH))
    rules = {rule.name: rule for rule in upgrade.RULES}
    for name in ("removed-api", "moved-api"):
        assert list(rules[name].check(Subject(Repository(tmp_path), each, DagFile(str(each.path))))) == []
    unloaded = Subject(Repository(tmp_path), each)
    assert [finding.line for finding in rules["removed-api"].check(unloaded)] == [7]
