"""What the plugin says and refuses before a helper process is started."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from repository import Ran, make, pytest_in


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Ran]:
    """Runs that end before a helper process is started: they are quick."""

    def run(*arguments: str, **files: str) -> Ran:
        folder = make(tmp_path_factory.mktemp("bare"), **files)
        return pytest_in(folder, *arguments)

    return run


def error_lines(it: Ran) -> list[str]:
    return [line.removeprefix("ERROR: ") for line in it.out.splitlines() if line.startswith("ERROR: ")]


def test_what_cannot_be_used_is_said_in_a_line_each(bare: Callable[..., Ran]) -> None:
    config = '[tool.dagguard]\n\nscenario = ["twice"]\n'
    options = ("--dagguard-scenarios=twise", "--dagguard-budget=soon", "--dagguard-report=jsn:x")
    it = bare("--dagguard", *options, **{"pyproject.toml": config})
    assert it.code == 4
    lines = [line for line in it.out.splitlines() if line.strip() and not line.startswith("IMPORTED")]
    expected = [
        ["pyproject.toml:3", 'no key "scenario"', '"scenarios"'],
        ["--dagguard-scenarios=twise", '"twise"', '"twice"'],
        ["--dagguard-budget=soon", "not a duration"],
        ["--dagguard-report=jsn:x", '"json"'],
    ]
    assert [line for line in lines if "ERROR" in line] == lines[:1]
    for line, texts in zip(lines, expected, strict=False):
        for text in texts:
            assert text in line


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"pyproject.toml": '[tool.dagguard]\nseed = "tests/dagard"\n'}, ["tests/dagard"]),
        ({"tests/dagguard/variables.json": '{"a": '}, ["tests/dagguard/variables.json"]),
    ],
    ids=["folder", "file"],
)
def test_a_seed_that_cannot_be_read_is_said_in_one_line(
    bare: Callable[..., Ran], files: dict[str, str], expected: list[str]
) -> None:
    it = bare("--dagguard", **files)
    assert it.code == 4
    (line,) = error_lines(it)
    for text in expected:
        assert text in line
    assert "Traceback" not in it.out


def test_a_seed_that_the_emulator_refuses_is_said_in_one_line(bare: Callable[..., Ran]) -> None:
    it = bare("--dagguard", **{"tests/dagguard/s3/UPPER/key": "x"})
    assert it.code == 4
    assert any("UPPER" in line for line in error_lines(it))
    assert "Traceback" not in it.out


def test_a_repository_without_a_dag_folder(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.dagguard]\n")
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "x.py").write_text("from airflow.sdk import DAG\nwith DAG('d'): ...\n")
    it = pytest_in(tmp_path, "--dagguard")
    assert it.code == 4
    assert "there is no DAG folder" in error_lines(it)[0]
    assert "DAGs seem to be in jobs (1 files): pytest --dagguard FOLDER" in error_lines(it)[0]


def test_list_and_explain(bare: Callable[..., Ran]) -> None:
    listed = bare("--dagguard-list")
    assert listed.code == 0
    for name in ("twice", "concurrent", "killed", "duplicate", "s3", "gcs", "json"):
        assert re.search(rf"^  {name} ", listed.out, re.M)
    unknown = pytest_in(listed.root, "--dagguard-explain", "kiled")
    assert unknown.code == 4
    assert "did you mean 'killed'" in unknown.out
