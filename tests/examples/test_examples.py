"""Every folder in ``examples/`` runs, as it broke and as it was mended, and comes to what its ``expected/`` says.

Where the change is meant, ``UPDATE_EXPECTED=1`` writes the files anew; read the difference before you commit it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from subprocess_runs import copied, run_pytest

from pytest_dagguard.model.verdict import REPEATED

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FOLDERS = sorted(path for path in EXAMPLES.iterdir() if path.is_dir())
BESIDE = ("plugins", "lib")
"""Folders of a repository that are no variant of its DAGs."""
VARIANTS = [(path, each.stem) for path in FOLDERS for each in sorted((path / "expected").glob("*.txt"))]


def test_there_are_examples():
    assert FOLDERS


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_a_folder_is_complete(folder: Path):
    assert (folder / "README.md").is_file()
    assert (folder / "pyproject.toml").is_file()
    assert (folder / "tests" / "dagguard").is_dir()
    folders = {path.name for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._"}
    variants = folders - {"expected", "tests", *BESIDE}
    assert {"dags", "fixed"} <= variants
    assert variants == {path.stem for path in (folder / "expected").iterdir()}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_what_broke_is_flagged_and_what_was_mended_passes(folder: Path):
    broken, fixed = (_verdicts(_expected(folder, each)).values() for each in ("dags", "fixed"))
    assert "fail" in broken or REPEATED in _expected(folder, "dags")
    assert REPEATED not in _expected(folder, "fixed")
    assert set(fixed) == {"pass"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_dag_ids_stay(folder: Path):
    def dag_ids(variant: str) -> set[str]:
        names = [name.split("::") for name in _verdicts(_expected(folder, variant))]
        return {parts[1].split(".")[0] for parts in names if len(parts) == 3}

    assert dag_ids("dags") == dag_ids("fixed")


@pytest.mark.slow
@pytest.mark.parametrize(("folder", "variant"), VARIANTS, ids=[f"{path.name}-{variant}" for path, variant in VARIANTS])
def test_it_comes_to_what_is_expected(folder: Path, variant: str, tmp_path: Path):
    here = copied(folder, tmp_path)
    report = tmp_path / "report.json"
    files = [str(path.relative_to(here)) for path in sorted((here / variant).rglob("*.py"))]
    named = [] if variant == "dags" else files  # what is in dags/ is found without being named
    ran = run_pytest(here, "--dagguard", "--dagguard-report", f"json:{report}", *named)
    assert report.exists(), ran.stdout + ran.stderr
    found = _summary(json.loads(report.read_text()))
    if os.environ.get("UPDATE_EXPECTED"):
        _file(folder, variant).write_text(found)
    assert found == _expected(folder, variant), ran.stdout
    assert ran.returncode == int("fail" in _verdicts(found).values()), ran.stdout + ran.stderr


def _summary(report: dict[str, Any]) -> str:
    """A line for each item with its verdict; below it a line for each finding with its class and resource, and one where
    a retry does its work again.

    What rules merely note is left out.
    """
    lines = []
    for item in report["items"]:
        noted = item["verdict"] == "pass"
        findings = {f"  {each['class']} {each['resource'] or ''}".rstrip() for each in item["findings"] if not noted}
        again = [f"  {REPEATED}{item['check']}" for note in item["notes"] if note.startswith(REPEATED)]
        lines += [f"{item['verdict']} {item['id']}", *sorted(findings), *again]
    return "".join(line + "\n" for line in lines)


def _verdicts(summary: str) -> dict[str, str]:
    """Item -> verdict."""
    items = [line.split(" ", 1) for line in summary.splitlines() if not line.startswith(" ")]
    return {name: verdict for verdict, name in items}


def _file(folder: Path, variant: str) -> Path:
    return folder / "expected" / f"{variant}.txt"


def _expected(folder: Path, variant: str) -> str:
    return _file(folder, variant).read_text()
