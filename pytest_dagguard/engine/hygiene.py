"""The run of rules: which of them look at what, what is ignored there, and the verdict of each."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_dagguard.engine import facts
from pytest_dagguard.engine.narrate import relative
from pytest_dagguard.engine.sources import Sources
from pytest_dagguard.model import registry
from pytest_dagguard.model import rule as rules
from pytest_dagguard.model import verdict as verdicts
from pytest_dagguard.model.dag import Dag, DagFile, Task
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.ignore import Ignore, ignores
from pytest_dagguard.model.measured import Measured
from pytest_dagguard.model.rule import Choice, Repository, Rule, Subject
from pytest_dagguard.model.verdict import Verdict

WEIGHT = {rules.ERROR: verdicts.FAIL, rules.WARNING: verdicts.WARN, rules.INFO: verdicts.PASS}
_UNUSED = "unused-ignore"
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Active:
    """A rule that is looked for.

    :param severity: what its findings do in this run
    """

    rule: Rule
    family: str
    severity: str


@dataclass(slots=True)
class Hygiene:
    """Judges by rules, once each.

    :param root: of the repository
    :param choice: ``[tool.dagguard.rules]``
    :param sources: the repository's own files
    :param environment: facts about the installation, asked for where a rule wants them
    """

    root: Path
    choice: Choice
    sources: Sources
    environment: Mapping[str, Any]
    all_files: Callable[[], frozenset[str]] = frozenset
    files: dict[str, DagFile] = field(default_factory=dict)
    active: dict[str, Active] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    _verdicts: dict[Key, Verdict] = field(default_factory=dict)
    _ignores: dict[str, tuple[Ignore, ...]] = field(default_factory=dict)
    _used: dict[str, set[tuple[int, str]]] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _whole: Repository | None = None

    def __post_init__(self) -> None:
        airflow2 = facts.is_airflow_2()
        for family, members in registry.collect("pytest_dagguard.rules", "RULES").items():
            for rule in members:
                self.known.add(rule.name)
                severity = self.choice.severity_of(rule, family, airflow2)
                if severity != rules.OFF:
                    self.active[rule.name] = Active(rule, family, severity)

    def add(self, loaded: DagFile) -> None:
        """Take in a file that was loaded."""
        if loaded.path not in self.files:
            self.files[loaded.path] = loaded
            self._whole = None

    def of_file(self, path: str, whole: bool) -> Iterator[tuple[str, Dag | None]]:
        """The rules that look at a file and its DAGs, with the DAG that they look at.

        :param whole: those that wait until all files are loaded
        """
        name = self._name(path)
        for each in self.active.values():
            if each.rule.whole is not whole or self.choice.spares(name, each.rule.name, each.family):
                continue
            if each.rule.level == "file":
                yield each.rule.name, None
            elif each.rule.level == "dag":
                for dag in self.files[path].dags:
                    yield each.rule.name, dag

    def of_repository(self) -> Iterator[str]:
        """The rules that look at the repository."""
        return (name for name, each in self.active.items() if each.rule.level == "repository")

    def judge(self, rule: str, path: str = "", dag: Dag | None = None) -> Verdict:
        """The verdict of one rule on the repository, on a file, or on a DAG in it."""
        key = (rule, path, dag.dag_id if dag else "")
        if key not in self._verdicts:
            self._verdicts[key] = self._judged(self.active[rule], path, dag)
        return self._verdicts[key]

    def judged(self, key: Key) -> Verdict | None:
        """The verdict that was come to; None where nobody has asked yet."""
        return self._verdicts.get(key)

    def take(self, key: Key, verdict: Verdict | None) -> None:
        """Take over a verdict of an earlier run; None: the rule had nothing to say."""
        name, path, dag_id = key
        file = self._name(path) if path else ""
        self._verdicts.setdefault(key, verdict or Verdict("rule", name, verdicts.PASS, file, dag_id))

    def used(self) -> Mapping[str, set[tuple[int, str]]]:
        """File -> lines of the ignores that silenced something, with the rule."""
        return self._used

    def note_used(self, used: Mapping[str, set[tuple[int, str]]]) -> None:
        """Take over which ignores silenced something in an earlier run."""
        for file, each in used.items():
            self._used.setdefault(file, set()).update(each)

    def of_run(self, path: str, dag: Dag, task: Task, measured: Measured) -> tuple[Verdict, ...]:
        """The verdicts of the rules that look at the clean run of a task, of those that have something to say."""
        name = self._name(path)
        found = []
        for each in self.active.values():
            if each.rule.level == "task" and not self.choice.spares(name, each.rule.name, each.family):
                verdict = self._judged(each, path, dag, task, measured)
                if verdict.findings or verdict.notes or verdict.reason:
                    found.append(verdict)
        return tuple(found)

    def _judged(
        self,
        active: Active,
        path: str,
        dag: Dag | None,
        task: Task | None = None,
        measured: Measured | None = None,
    ) -> Verdict:
        began = time.perf_counter()
        file = self._name(path) if path else ""
        subject = replace(self._subject(active.rule, path, dag), task=task, measured=measured)
        blank = Verdict("rule", active.rule.name, verdicts.PASS, file, dag.dag_id if dag else "")
        try:
            found = list(active.rule.check(subject))
        except Exception as broken:  # noqa: BLE001 - a rule that breaks says nothing, and must not pass for a kept one
            at = traceback.extract_tb(broken.__traceback__)[-1]
            where = f"{Path(at.filename).name}:{at.lineno}"
            reason = f"the rule itself failed: {type(broken).__name__}: {broken} ({where})"
            return replace(blank, verdict=verdicts.INCONCLUSIVE, reason=reason, group="failed inside dagguard")
        kept: list[Finding] = []
        notes: list[str] = []
        for each in found:
            placed = self._placed(each, file, dag)
            ignored = self._ignored(active.rule.name, placed)
            if ignored:
                notes.append(ignored)
            else:
                kept.append(placed)
        return replace(
            blank,
            verdict=WEIGHT[active.severity] if kept else verdicts.PASS,
            findings=tuple(kept),
            notes=tuple(notes),
            seconds=time.perf_counter() - began,
        )

    def _placed(self, finding: Finding, file: str, dag: Dag | None) -> Finding:
        """A finding that names no place is about the file, or the DAG, that was looked at."""
        if finding.file:
            return replace(finding, file=self._name(finding.file))
        return replace(finding, file=file, line=finding.line or (dag.line if dag else 0))

    def _ignored(self, rule: str, finding: Finding) -> str:
        """The note on an inline ignore that is about a finding; empty where there is none."""
        for each in self.ignores_of(finding.file):
            if each.reason and each.covers(rule, finding.line):
                self._used.setdefault(finding.file, set()).add((each.line, rule))
                return f"ignored in {finding.file}:{each.line}, because: {each.reason}"
        return ""

    def ignores_of(self, file: str) -> tuple[Ignore, ...]:
        """The inline ignores of a file of the repository.

        :param file: relative to the root
        """
        if file not in self._ignores:
            source = self.sources.get(file)
            self._ignores[file] = ignores(source.text, source.tree) if source is not None else ()
        return self._ignores[file]

    def _subject(self, rule: Rule, path: str, dag: Dag | None) -> Subject:
        wide = rule.whole or rule.level == "repository"
        repository = self._repository() if wide else self._narrow()
        file = self._name(path)
        unused = self._unused(path, file) if rule.name == _UNUSED else ()
        return Subject(repository, self.sources.get(file) if path else None, self.files.get(path), dag, unused)

    def _name(self, path: str) -> str:
        """A path as findings show it."""
        if path not in self._names:
            self._names[path] = relative(path, self.root)
        return self._names[path]

    def _narrow(self) -> Repository:
        """What rules of one file may know of the repository: the same whichever files were loaded before."""
        return Repository(self.root, (), self.sources, self.environment, self.choice.values)

    def _repository(self) -> Repository:
        if self._whole is None:
            complete = self.all_files() <= self.files.keys()
            files = tuple(self.files.values())
            owners: dict[str, tuple[DagFile, ...]] = {}
            for file in files:
                for dag in file.dags:
                    owners[dag.dag_id] = (*owners.get(dag.dag_id, ()), file)
            self._whole = replace(self._narrow(), files=files, owners=owners, complete=complete)
        return self._whole

    def _unused(self, path: str, file: str) -> tuple[Ignore, ...]:
        """A file's ignores with the names that silenced nothing although their rule looked, or that no rule has."""
        looked = {rule for whole in (False, True) for rule, _ in self.of_file(path, whole)}
        for rule, dag in [*self.of_file(path, False), *self.of_file(path, True)]:
            if rule != _UNUSED:
                self.judge(rule, path, dag)
        used = self._used.get(file, set())
        left = []
        for each in self.ignores_of(file):
            names = [
                name
                for name in each.names
                if name not in self.known or (name in looked and each.reason and (each.line, name) not in used)
            ]
            if names:
                left.append(replace(each, names=tuple(names)))
        return tuple(left)
