"""What the package promises of itself: sizes, texts, and that everything with a name is explained."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

import pytest

import pytest_dagguard
from pytest_dagguard.collection import explain
from pytest_dagguard.model import registry
from pytest_dagguard.model.finding import CLASSES, WARN_CLASSES
from pytest_dagguard.model.rule import SEVERITIES
from pytest_dagguard.model.scenario import Scenario

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PACKAGE = Path(pytest_dagguard.__file__).parent
TOP = Path(__file__).parents[1]
"""Of the repository; the package may be an installed one."""
FILES = sorted(PACKAGE.rglob("*.py"))
SCENARIOS: dict[str, Scenario] = registry.collect("pytest_dagguard.scenarios", "SCENARIO")
RULES = explain.rules()
PARTS = ("What it does", "Why is this bad", "Example", "Use instead")


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_files_are_found() -> None:
    assert PACKAGE / "plugin.py" in FILES


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_is_at_most_400_lines_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    assert ast.get_docstring(ast.parse(text)), "it has no docstring"


def test_a_file_of_tests_or_of_the_bench_is_at_most_400_lines_too() -> None:
    sizes = {
        str(path.relative_to(TOP)): len(path.read_text(encoding="utf-8").splitlines())
        for folder in (Path(__file__).parent, TOP / "bench")
        for path in folder.rglob("*.py")
    }
    assert {name: size for name, size in sizes.items() if size > 400} == {}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_function_is_at_most_50_lines(path: Path) -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    functions = [each for each in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(each, kinds)]
    long = {each.name: size for each in functions if (size := (each.end_lineno or 0) - each.lineno + 1) > 50}
    assert long == {}


def test_the_plugin_module_is_small() -> None:
    assert len((PACKAGE / "plugin.py").read_text(encoding="utf-8").splitlines()) < 200


def test_nothing_uses_pytests_private_parts() -> None:
    users = {name_of(path) for path in FILES if "_pytest" in _imports(path)}
    assert users == set()


def test_airflow_is_imported_in_the_stage_alone() -> None:
    users = {name_of(path) for path in FILES if "airflow" in _imports(path)}
    # the bench makes a DAG around an operator object, which was made with Airflow in the same process
    assert {each for each in users if not each.startswith("stage/")} <= {"engine/bench.py"}


def _imports(path: Path) -> set[str]:
    """The top-level names of what a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("name", registry.names("pytest_dagguard.scenarios"))
def test_each_scenario_file_has_a_scenario_with_a_text(name: str) -> None:
    module = importlib.import_module(f"pytest_dagguard.scenarios.{name.replace('-', '_')}")
    found = module.SCENARIO
    assert isinstance(found, Scenario)
    assert_has_parts(found.summary, found.text)


@pytest.mark.parametrize("name", RULES)
def test_each_rule_has_a_text(name: str) -> None:
    rule = RULES[name]
    assert rule.level in ("dag", "file", "repository", "task")
    assert rule.severity in SEVERITIES
    assert_has_parts(rule.summary, rule.text)


def test_no_two_rules_have_one_name() -> None:
    families = registry.collect("pytest_dagguard.rules", "RULES")
    names = [rule.name for members in families.values() for rule in members]
    assert len(names) == len(set(names))
    assert set(names) & {*families, *SCENARIOS, *CLASSES} == set()


def assert_has_parts(summary: str, text: str) -> None:
    assert summary.strip()
    assert "\n" not in summary
    lines = text.splitlines()
    places = [lines.index(part) for part in PARTS]
    assert places == sorted(places)
    for start, stop in zip(places, [*places[1:], len(lines)], strict=True):
        assert any(line.startswith("  ") and line.strip() for line in lines[start + 1 : stop])


@pytest.mark.parametrize("name", [*SCENARIOS, *CLASSES, *RULES])
def test_each_name_is_explained(name: str) -> None:
    text = explain.text(name)
    assert text.startswith(f"{name}: ")
    assert len(text) > len(name) + 40


@pytest.mark.parametrize("name", CLASSES)
def test_a_classs_text_says_what_it_weighs(name: str) -> None:
    assert ("warning" in explain.text(name)) is (name in WARN_CLASSES)


def test_everything_is_listed() -> None:
    listed = explain.listing()
    parts = [
        *SCENARIOS,
        *CLASSES,
        *RULES,
        *registry.names("pytest_dagguard.cloud", "EMULATOR"),
        *registry.names("pytest_dagguard.reports", "REPORT"),
    ]
    for name in parts:
        assert any(line.split()[:1] == [name] and len(line.split()) > 2 for line in listed.splitlines()), name


def test_the_source_archive_has_every_page_of_the_top_folder() -> None:
    included = tomllib.loads((TOP / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["sdist"][
        "include"
    ]
    assert {each.name for each in TOP.glob("*.md")} - set(included) == set()
