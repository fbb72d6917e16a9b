"""What the README says is so: its tables, its commands, its code, and the output that it shows.

Where a change is meant, ``UPDATE_EXPECTED=1`` writes the parts between its markers anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path

import pytest
from subprocess_runs import copied, run_pytest

from pytest_dagguard.config import options, values
from pytest_dagguard.config.settings import resolve
from pytest_dagguard.model import registry
from pytest_dagguard.model.finding import CLASSES, WARN_CLASSES

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
EXAMPLE = ROOT / "examples" / "b2_doubled_training_data"
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("examples/*/README.md"), ROOT / "tests" / "README.md"]


def _scenarios() -> str:
    found = registry.collect("pytest_dagguard.scenarios", "SCENARIO")
    defaults = [name for name in values.SCENARIOS if name in found]
    rows = [f"| **`{name}`** | {found[name].summary} |" for name in defaults]
    rows += [f"| `{name}` | {each.summary} |" for name, each in found.items() if name not in defaults]
    return "\n".join(["| scenario | |", "|---|---|", *rows])


def _findings() -> str:
    rows = [f"| `{name}` | {text} | {'warn' if name in WARN_CLASSES else 'fail'} |" for name, text in CLASSES.items()]
    return "\n".join(["| finding | | by default |", "|---|---|---|", *rows])


def _rules() -> str:
    families = registry.collect("pytest_dagguard.rules", "RULES")
    rows = [
        f"| {family} | `{rule.name}` | {rule.summary} | {rule.severity} |"
        for family, members in families.items()
        for rule in members
    ]
    return "\n".join(["| family | rule | finds | by default |", "|---|---|---|---|", *rows])


TABLES: dict[str, Callable[[], str]] = {
    "options": lambda: options.reference().strip(),
    "scenarios": _scenarios,
    "findings": _findings,
    "rules": _rules,
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_what_the_package_says(name: str):
    wanted = TABLES[name]()
    _update(name, wanted)
    assert _part(name) == wanted


@pytest.mark.slow
def test_the_output_is_real(tmp_path: Path):
    here = copied(EXAMPLE, tmp_path)
    ran = run_pytest(here, "--dagguard", "--dagguard-scenarios", "killed")
    wanted = "```\n" + ran.stdout[ran.stdout.index("\ncollected ") + 1 :].strip() + "\n```"
    if _same(_part("output")) != _same(wanted):
        _update("output", wanted)
    assert _same(_part("output")) == _same(wanted)


@pytest.mark.slow
def test_the_code_runs(tmp_path: Path):
    blocks = _blocks("python")
    assert blocks
    here = copied(EXAMPLE, tmp_path)
    for number, block in enumerate(blocks):
        (here / "tests" / f"test_block_{number}.py").write_text(block)
    ran = run_pytest(here, "tests")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{sum(block.count('def test_') for block in blocks)} passed" in ran.stdout


def test_the_configuration_is_accepted(tmp_path: Path):
    (tmp_path / "dags").mkdir()
    found = []
    for block in _blocks("toml"):
        (tmp_path / "pyproject.toml").write_text(block)
        found.append(resolve(tmp_path, {}, {}, registry.names("pytest_dagguard.scenarios"), ("json",)))
    assert [each.budget for each in found if each.allow] == [20]
    assert [len(each.stubs) for each in found if each.stubs] == [2]
    assert [each.limits.memory for each in found if each.aliases] == [4 << 30]
    assert any(each.env for each in found)
    assert any(each.images for each in found)
    assert any(each.jobs for each in found)


def test_each_command_names_an_environment_of_tox_and_ci_runs_the_tests():
    tox = ConfigParser()
    tox.read(ROOT / "tox.ini")
    commands = [line for line in README.read_text().splitlines() if line.startswith("python3 -m pip install tox")]
    assert [line.rsplit(" ", 1)[1] for line in commands] == ["example", "py"]
    for line in commands:
        name = line.rsplit(" ", 1)[1]
        assert name == "py" or f"testenv:{name}" in tox  # py is tox's own: whatever Python runs it
    assert commands[1] in (ROOT / ".ci" / "run").read_text()


def test_each_example_is_in_the_table_of_incidents():
    rows = [line for line in README.read_text().splitlines() if re.match(r"\| [BKP]\d+ \|", line)]
    done = {match[1] for line in rows if (match := re.search(r"\[done\]\((examples/\w+)/README\.md\)", line))}
    assert done == {f"examples/{path.name}" for path in (ROOT / "examples").iterdir() if path.is_dir()}
    for line in rows:
        incident = line.split("|")[1].strip().lower()
        assert f"examples/{incident}_" in line or line.endswith("| coming |")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)


def _part(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)\n?<!-- /{name} -->", README.read_text(), re.DOTALL)
    assert found, f"the README has no part {name}"
    return found[1]


def _update(name: str, text: str) -> None:
    if os.environ.get("UPDATE_EXPECTED"):
        page = README.read_text()
        start, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
        before, rest = page.split(start)
        README.write_text(before + start + text + end + rest.split(end.strip())[1])


def _same(output: str) -> str:
    """Output without what differs between two runs of the same thing."""
    output = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>", output)
    output = re.sub(r"(in )?\d+\.\d+ ?s\b", "<seconds>", output)
    output = re.sub(r"k\d\.[0-9a-z]+", "<token>", output)
    return re.sub(r"={3,}|_{3,}|-{3,}", "---", output)
