"""Kept verdicts of rules: they stand in for the rules where nothing has changed, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_dagguard.engine.hygiene import Hygiene
from pytest_dagguard.engine.ledger import Ledger
from pytest_dagguard.engine.sources import Sources
from pytest_dagguard.model import registry
from pytest_dagguard.model.dag import Dag, DagFile
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import Choice, Rule, Subject
from pytest_dagguard.model.verdict import Verdict

LOADS = ("a", "b")


class Repository:
    """Two DAG files under three rules, which count how often they are asked."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[str] = []
        self.breaks = False
        (root / "dags" / "sql").mkdir(parents=True)
        (root / "pyproject.toml").write_text("")
        (root / "dags" / "sql" / "load.sql").write_text("SELECT 1")
        for name in LOADS:
            (root / "dags" / f"{name}.py").write_text("x = 1  # dagguard: ignore[early] it is meant so\ny = 2\n")
        self.environ: dict[str, str] = {}
        self.key = "key"

    def rules(self) -> dict[str, tuple[Rule, ...]]:
        def early(subject: Subject) -> Iterator[Finding]:
            self.asked.append("early")
            if self.breaks:
                raise ValueError
            yield Finding("early", "one", line=1)
            yield Finding("early", "two", line=2, why="w.", fix="f")

        def noting(name: str) -> Callable[[Subject], tuple[Finding, ...]]:
            return lambda subject: self.asked.append(name) or ()  # type: ignore[func-returns-value]

        return {
            "family": (
                Rule("early", "file", "error", "", "", early),
                Rule("late", "dag", "warning", "", "", noting("late"), whole=True),
                Rule("wide", "repository", "error", "", "", noting("wide")),
            )
        }

    def run(self, *names: str, complete: bool = True, marks: str = "m") -> dict[tuple[str, str], Verdict]:
        """One run over some of the files; the rules that were asked are in ``asked``."""
        self.asked.clear()
        loads: dict[str, str] = {}
        hygiene = Hygiene(self.root, Choice(), Sources(self.root), {})
        ledger = Ledger(self.root / ".cache", self.key, self.root, self.environ)
        (self.root / ".cache").mkdir(exist_ok=True)
        found: dict[tuple[str, str], Verdict] = {}
        for name in names:
            path = str(self.root / "dags" / f"{name}.py")
            hygiene.add(DagFile(path, (Dag(name),)))
            loads[path] = marks
            ledger.fill(hygiene, path, loads)
            found[name, "early"] = hygiene.judge("early", path)
        ledger.finish(hygiene, loads)
        if complete:
            for name in names:
                path = str(self.root / "dags" / f"{name}.py")
                found[name, "late"] = hygiene.judge("late", path, Dag(name))
            found["", "wide"] = hygiene.judge("wide")
        ledger.keep(hygiene, loads)
        return found


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = Repository(tmp_path)
    collect = registry.collect
    monkeypatch.setattr(
        registry, "collect", lambda package, name: made.rules() if name == "RULES" else collect(package, name)
    )
    return made


ALL = ["early", "early", "late", "late", "wide"]


def test_where_nothing_has_changed_no_rule_is_asked_and_all_say_the_same(repository: Repository) -> None:
    first = repository.run("a", "b")
    assert repository.asked == ALL
    assert [each.message for each in first["a", "early"].findings] == ["two"]
    second = repository.run("a", "b")
    assert repository.asked == []
    assert {key: (each.verdict, each.findings, each.notes, each.file, each.dag_id) for key, each in second.items()} == {
        key: (each.verdict, each.findings, each.notes, each.file, each.dag_id) for key, each in first.items()
    }


CHANGES: dict[str, Callable[[Path], object]] = {
    "the file": lambda root: (root / "dags/a.py").write_text("x = 3"),
    "another module": lambda root: (root / "helpers.py").write_text("x = 3"),
    "a query": lambda root: (root / "dags/sql/load.sql").write_text("SELECT 2"),
    "the configuration": lambda root: (root / "pyproject.toml").write_text("[tool.dagguard]"),
    "a pin": lambda root: (root / "requirements.txt").write_text("x==1"),
    "a plugin": lambda root: ((root / "plugins").mkdir(), (root / "plugins/p.py").write_text("")),
    "a file that went": lambda root: (root / "dags/sql/load.sql").unlink(),
    "a test": lambda root: ((root / "tests").mkdir(), (root / "tests/test_a.py").write_text("")),
}


@pytest.mark.parametrize("name", CHANGES)
def test_all_rules_are_asked_after_a_change_of(name: str, repository: Repository) -> None:
    repository.run("a", "b")
    CHANGES[name](repository.root)
    repository.run("a", "b")
    assert repository.asked == ALL


def test_all_rules_are_asked_where_loads_or_circumstances_differ(repository: Repository) -> None:
    repository.run("a", "b")
    repository.run("a", "b", marks="other")
    assert repository.asked == ALL
    repository.run("a", "b", marks="other")
    assert repository.asked == []
    repository.key = "another version, or another choice of rules"
    repository.run("a", "b", marks="other")
    assert repository.asked == ALL


def test_rules_that_look_at_all_files_are_asked_where_other_files_are_there(repository: Repository) -> None:
    repository.run("a", "b")
    repository.run("a")
    assert repository.asked == ["late", "wide"]
    repository.run("a", "b")
    assert repository.asked == ["early", "late", "late", "wide"], "the run over one file was kept instead"


def test_an_ignore_that_was_used_is_still_known(repository: Repository) -> None:
    repository.run("a", "b")
    hygiene = Hygiene(repository.root, Choice(), Sources(repository.root), {})
    path = str(repository.root / "dags/a.py")
    hygiene.add(DagFile(path, (Dag("a"),)))
    Ledger(repository.root / ".cache", "key", repository.root, {}).fill(hygiene, path, {path: "m"})
    assert hygiene.used()["dags/a.py"] == {(1, "early")}


def test_a_run_in_which_not_every_rule_was_asked_is_not_kept(repository: Repository) -> None:
    repository.run("a", "b", complete=False)
    repository.run("a", "b")
    assert repository.asked == ALL


def test_a_run_in_which_a_rule_failed_is_not_kept(repository: Repository) -> None:
    repository.breaks = True
    assert repository.run("a", "b")["a", "early"].verdict == "inconclusive"
    repository.breaks = False
    repository.run("a", "b")
    assert repository.asked == ALL


def test_nothing_is_kept_where_rules_look_outside_of_the_repository(repository: Repository) -> None:
    repository.environ = {"AIRFLOW__CORE__PLUGINS_FOLDER": "/elsewhere"}
    repository.run("a", "b")
    repository.run("a", "b")
    assert repository.asked == ALL


def test_what_cannot_be_read_is_as_good_as_not_there(repository: Repository) -> None:
    repository.run("a", "b")
    (repository.root / ".cache" / "verdicts.json").write_text("{")
    repository.run("a", "b")
    assert repository.asked == ALL
