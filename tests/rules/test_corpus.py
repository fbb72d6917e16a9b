"""Each rule on a file of its own: the lines with ``# flag`` are found and no others, near misses above all.

A file of ``corpus/`` is named after its rule. Lines ``#: key = value`` at its top say how it is looked at, in TOML:
``loaded = true`` marks it as one of this driver, which loads real DAG files; ``settings`` are the rule's;
``place`` is where it lies in the repository. What lies in a folder of the same name is there besides.
"""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from laboratory import Laboratory
from pytest_dagguard.collection import explain
from pytest_dagguard.engine.facts import installed
from pytest_dagguard.engine.hygiene import Hygiene
from pytest_dagguard.engine.sources import Sources
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import Choice

toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
CORPUS = Path(__file__).parent / "corpus"
RULES = explain.rules()
NOT_ABOUT_PYTHON = {"unpinned-providers", "task-memory-or-time", "xcom-size"}
"""Rules that look at other files or at a run, and have tests of their own."""


def header(path: Path) -> Mapping[str, Any]:
    lines = path.read_text().splitlines()
    found: dict[str, Any] = toml.loads("\n".join(each[2:] for each in lines if each.startswith("#: ")))
    return found


FILES = {path.stem.replace("_", "-"): path for path in sorted(CORPUS.glob("*.py")) if header(path).get("loaded")}


def test_each_file_is_of_a_rule_and_each_rule_has_a_file() -> None:
    names = {path.stem.replace("_", "-") for path in CORPUS.glob("*.py")}
    assert names | NOT_ABOUT_PYTHON == set(RULES)


@pytest.mark.parametrize("name", FILES)
def test_near_misses_stay_quiet_and_what_is_marked_is_found(name: str, lab: Laboratory) -> None:
    place, files = put(FILES[name], lab)
    try:
        found = judge(name, lab, files)
    finally:
        for each in [place, *files]:
            each.unlink(missing_ok=True)
    wanted = [n for n, line in enumerate(FILES[name].read_text().splitlines(), start=1) if line.endswith("# flag")]
    here = str(place.relative_to(lab.root))
    assert sorted(max(each.line, 1) for each in found if each.file == here) == wanted
    assert [each for each in found if each.file != here and not is_flagged(each)] == []
    for each in found:
        assert each.cls == name
        assert each.message
        assert each.why.endswith(".")
        assert each.fix


def is_flagged(finding: Finding) -> bool:
    """Say whether a line of a file in a rule's folder is marked."""
    name = finding.file.rpartition("/")[2].removeprefix("beside_")
    (path,) = CORPUS.glob(f"{finding.cls.replace('-', '_')}/{name}")
    return path.read_text().splitlines()[finding.line - 1].endswith("# flag")


def put(path: Path, lab: Laboratory) -> tuple[Path, list[Path]]:
    """Copy a file of the corpus, and those beside it, into the repository."""
    place = lab.root / header(path).get("place", f"dags/corpus_{path.name}")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, place)
    beside = [
        Path(shutil.copy(each, lab.dags / f"beside_{each.name}"))
        for each in sorted((path.parent / path.stem).glob("*"))
    ]
    files = [place, *beside] if place.is_relative_to(lab.dags) else beside
    return place, files


def judge(name: str, lab: Laboratory, files: list[Path]) -> list[Finding]:
    rule, settings = RULES[name], header(FILES[name]).get("settings", {})
    choice = Choice(severity={name: "error"}, values={name: settings})
    hygiene = Hygiene(lab.root, choice, Sources(lab.root), installed(lab.root), lambda: frozenset(map(str, files)))
    for path in files:
        hygiene.add(lab.load(path))
    if rule.level == "repository":
        verdicts = [hygiene.judge(name)]
    else:
        checks = [
            (path, dag) for path in hygiene.files for each, dag in hygiene.of_file(path, rule.whole) if each == name
        ]
        verdicts = [hygiene.judge(name, path, dag) for path, dag in checks]
    assert [each.reason for each in verdicts if each.reason] == []
    return [finding for each in verdicts for finding in each.findings]
