"""Which files Airflow would look for DAGs in."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from airflow._shared.module_loading.file_discovery import find_path_from_directory
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_dagguard.model.files import dag_files, is_dag_file, likely_folders, may_contain_dag

DAG = "from airflow.sdk import DAG\n"


@pytest.fixture
def dags(tmp_path: Path) -> Path:
    folder = tmp_path / "dags"
    folder.mkdir()
    return folder


def write(path: Path, text: str = DAG) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def found(folder: Path) -> list[str]:
    return [str(each.relative_to(folder)) for each in dag_files([folder])]


def test_files_with_both_words_are_dag_files(dags: Path) -> None:
    write(dags / "b.py")
    write(dags / "sub" / "a.py", "import AIRFLOW; DAG")
    write(dags / "helper.py", "import airflow\n")
    write(dags / "notes.txt")
    assert found(dags) == ["b.py", "sub/a.py"]


def test_a_single_file_may_stand_for_a_folder(dags: Path) -> None:
    one = write(dags / "one.py")
    write(dags / "two.py")
    assert list(dag_files([one])) == [one]


def test_what_lies_elsewhere_counts_only_when_it_is_named(dags: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other" / "x.py")
    assert not is_dag_file(other, [dags], named=False)
    assert is_dag_file(other, [dags], named=True)


def test_what_is_no_python_never_counts(dags: Path) -> None:
    assert not is_dag_file(write(dags / "x.sql"), [dags], named=True)


NAMES = ("keep.py", "skip.py", "sub/keep.py", "sub/skip.py", "sub/deep/keep.py", "skip/keep.py")
LINES = st.sampled_from(
    ["skip.py", "sub/", "*.py", "!keep.py", "/skip.py", "# skip.py", "skip.py # why", "", "sub/*.py", "**/deep/*"]
    + ["!sub/", "skip", "!sub/keep.py", "deep", "s*", "/sub/deep", "!skip.py", "/", "k?ep.py", "[ks]kip.py"]
)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@settings(max_examples=40, deadline=None)
@given(st.lists(LINES, max_size=4), st.lists(LINES, max_size=3))
@example(["*.py"], ["!keep.py"])
@example(["sub/"], ["!keep.py"])
def test_airflowignore_is_read_as_airflow_reads_it(above: list[str], below: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        for each in NAMES:
            write(home / each)
        write(home / ".airflowignore", "\n".join(above))
        write(home / "sub" / ".airflowignore", "\n".join(below))
        theirs = {str(Path(each).relative_to(home)) for each in find_path_from_directory(name, ".airflowignore")}
        assert set(found(home)) == theirs & set(NAMES)


def test_a_file_that_is_ignored_counts_when_it_is_named(dags: Path) -> None:
    path = write(dags / "skip.py")
    (dags / ".airflowignore").write_text("skip.py\n")
    assert not is_dag_file(path, [dags], named=False)
    assert is_dag_file(path, [dags], named=True)


def test_a_file_that_cannot_be_read_is_left_to_the_load(dags: Path) -> None:
    assert may_contain_dag(dags / "gone.py")


def test_folders_in_which_dags_seem_to_be(tmp_path: Path) -> None:
    made = "from airflow import DAG\nwith DAG('d'): ...\n"
    for name in ("teams/a/x.py", "teams/b/deep/y.py", "teams/b/z.py"):
        write(tmp_path / name, made)
    write(tmp_path / "lib" / "helper.py", DAG)
    write(tmp_path / ".venv" / "x.py", made)
    assert likely_folders(tmp_path) == [(tmp_path / "teams", 3)]
    write(tmp_path / "infra" / "dags" / "sub" / "x.py", made)
    assert likely_folders(tmp_path) == [(tmp_path / "infra" / "dags", 1)]
    assert likely_folders(tmp_path / "lib") == []
