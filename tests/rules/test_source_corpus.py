"""Each rule that reads source files, on a file with near misses and flagged lines side by side.

``corpus/<rule>.py`` is never run. A line that ends in ``# flag`` must be found, and no other line may be. Modules that
they import lie in the folders beside them.
"""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from pytest_dagguard.model import registry
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import SEVERITIES, Repository, Rule, Source, Subject

CORPUS = Path(__file__).parent / "corpus"
PARTS = ("What it does", "Why is this bad", "Example", "Use instead")


def source_rules() -> dict[str, Rule]:
    """The rules of each family that asks ``rules/_source``."""
    found = {}
    for family in registry.names("pytest_dagguard.rules"):
        module = importlib.import_module(f"pytest_dagguard.rules.{family.replace('-', '_')}")
        if "pytest_dagguard.rules._source" in Path(str(module.__file__)).read_text(encoding="utf-8"):
            found.update({rule.name: rule for rule in module.RULES})
    return found


def source(path: Path, text: str) -> Source:
    return Source(path, str(path.relative_to(CORPUS)), text, ast.parse(text))


def file_of(rule: Rule) -> str:
    return f"{rule.name.replace('-', '_')}.py"


RULES = source_rules()
FOLDERS = ("acme_lib", "plugins", "shared_lib")
"""What is imported, or has the same literals."""
PATHS = [
    *(CORPUS / file_of(rule) for rule in RULES.values()),
    *(path for folder in FOLDERS for path in sorted((CORPUS / folder).rglob("*.py"))),
]
REPOSITORY = Repository(
    CORPUS,
    sources={
        str(path.relative_to(CORPUS)): source(path, path.read_text(encoding="utf-8"))
        for path in PATHS
        if path.is_file()
    },
)


def findings(rule: Rule) -> list[Finding]:
    subject = Subject(REPOSITORY, None if rule.level == "repository" else REPOSITORY.sources[file_of(rule)])
    return list(rule.check(subject))


def test_every_rule_that_reads_source_files_has_a_file() -> None:
    assert len(RULES) > 20
    assert [path.name for path in PATHS if not path.is_file()] == []


@pytest.mark.parametrize("name", RULES)
def test_a_rule_finds_the_flagged_lines_and_no_near_miss(name: str) -> None:
    rule = RULES[name]
    found = sorted({each.line for each in findings(rule) if each.file == file_of(rule)})
    lines = REPOSITORY.sources[file_of(rule)].text.splitlines()
    assert found == [number for number, line in enumerate(lines, start=1) if line.endswith("# flag")]


@pytest.mark.parametrize("name", RULES)
def test_a_corpus_file_has_both_the_near_misses_first(name: str) -> None:
    lines = REPOSITORY.sources[file_of(RULES[name])].text.splitlines()
    flagged = lines.index("# Flagged")
    assert lines.index("# Near misses") < flagged
    assert any(line.endswith("# flag") for line in lines[flagged:])
    assert not any(line.endswith("# flag") for line in lines[:flagged])


@pytest.mark.parametrize("name", RULES)
def test_a_finding_says_what_where_why_and_what_to_do(name: str) -> None:
    for each in findings(RULES[name]):
        assert each.cls == name
        assert each.message.endswith(".")
        assert each.why.endswith(".")
        assert each.fix
        assert each.line > 0
        assert each.file in REPOSITORY.sources


@pytest.mark.parametrize("name", RULES)
def test_a_rule_finds_nothing_where_there_is_nothing_to_read(name: str) -> None:
    text = "def broken(:"
    unreadable = Source(CORPUS / "x.py", "x.py", text, None)
    assert list(RULES[name].check(Subject(Repository(CORPUS), unreadable))) == []
    assert list(RULES[name].check(Subject(Repository(CORPUS), source(CORPUS / "x.py", "")))) == []


@pytest.mark.parametrize("name", RULES)
def test_a_rules_text_has_the_fixed_parts(name: str) -> None:
    rule = RULES[name]
    assert rule.severity in SEVERITIES
    assert rule.summary
    assert "\n" not in rule.summary
    lines = rule.text.splitlines()
    places = [lines.index(part) for part in PARTS]
    assert places == sorted(places)
    assert max(map(len, lines)) <= 120


def test_what_a_task_reaches_in_another_module_is_found_there() -> None:
    places = {(each.file, each.line) for each in findings(RULES["clock-in-task"]) if each.file.startswith("acme_lib")}
    assert places == {("acme_lib/dates.py", 9)}


def test_a_secret_is_not_repeated_in_its_finding() -> None:
    told = " ".join(
        f"{each.message} {each.resource} {each.why} {each.fix}" for each in findings(RULES["secret-in-args"])
    )
    assert "Winter" not in told
    assert "AKIA" not in told


def test_the_task_that_is_named_is_the_one_that_gives_what_is_found() -> None:
    said = [each.message for each in findings(RULES["random-output-key"])]
    assert any(each.startswith("puts_by_the_clock writes") for each in said)
    assert not any(each.startswith("puts_by_date") for each in said)
