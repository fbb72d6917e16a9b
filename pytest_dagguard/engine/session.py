"""One run of the tool: the laboratory, what it has loaded, and the walk it is on."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from pytest_dagguard.engine import figures, narrate
from pytest_dagguard.engine.baseline import Baseline
from pytest_dagguard.engine.check import Terms, check
from pytest_dagguard.engine.exchange import Exchange
from pytest_dagguard.engine.facts import Facts, installed
from pytest_dagguard.engine.hygiene import Hygiene
from pytest_dagguard.engine.lab import Lab, Options
from pytest_dagguard.engine.ledger import Ledger
from pytest_dagguard.engine.shelf import Shelf
from pytest_dagguard.engine.sources import Sources
from pytest_dagguard.engine.walk import Walk
from pytest_dagguard.model import registry
from pytest_dagguard.model import verdict as verdicts
from pytest_dagguard.model.dag import Dag, DagFile, LoadError, Task
from pytest_dagguard.model.errors import DagguardError, ProcessLost
from pytest_dagguard.model.files import dag_files
from pytest_dagguard.model.life import RUN
from pytest_dagguard.model.rule import Choice
from pytest_dagguard.model.scenario import Scenario
from pytest_dagguard.model.verdict import Verdict


@dataclass(slots=True)
class Session:
    """Loads DAG files and gives verdicts. The helper processes start when they are first needed.

    :param allow: resource pattern -> why that effect need not be idempotent
    :param seed: the seed folder as the user would type it
    :param choice: which rules are looked for
    :param baseline: known findings, which do not fail
    :param shelf: loads that are kept from run to run; None where none are
    :param ledger: what rules said in an earlier run; None where nothing is kept
    :param exchange: with other processes of the same run; None where there are none
    :param measures: rules look at the clean runs of tasks
    """

    options: Options
    terms: Terms
    allow: dict[str, str]
    seed: str
    choice: Choice = field(default_factory=Choice)
    baseline: Baseline = field(default_factory=Baseline)
    shelf: Shelf | None = None
    ledger: Ledger | None = None
    exchange: Exchange | None = None
    measures: bool = True
    _rules: dict[tuple[str, str, str], Verdict] = field(default_factory=dict)
    _hygiene: Hygiene | None = None
    _lab: Lab | None = None
    _walk: Walk | None = None
    _measured: set[tuple[str, str, str]] = field(default_factory=set)
    _files: dict[Path, DagFile] = field(default_factory=dict)
    _others: dict[Path, DagFile] = field(default_factory=dict)
    _scenarios: dict[str, Scenario] = field(default_factory=dict)

    @property
    def lab(self) -> Lab:
        """The laboratory, ready."""
        for again in (True, False):
            if self._lab is None:
                self._lab = Lab(self.options)
            try:
                self._lab.start()
                break
            except ProcessLost as lost:
                self.close()
                if not (lost.killed and again):
                    raise
        assert self._lab is not None
        return self._lab

    @property
    def started(self) -> bool:
        """Whether the helper processes were started."""
        return self._lab is not None

    def begin(self, runs: bool = True) -> None:
        """Start the helper processes without waiting for them, where they will be needed.

        :param runs: tasks are going to be run
        """
        if self._lab is None and (runs or self.shelf is None or not self.shelf.serves()):
            self._lab = Lab(self.options)

    def load(self, path: Path) -> DagFile:
        """Load a DAG file, once."""
        if path not in self._files:
            self._files[path] = self._loaded(path)
            self.hygiene.add(self._files[path])
            if self.ledger is not None and self.shelf is not None and str(path) in self.shelf.marks:
                self.ledger.fill(self.hygiene, str(path), self.shelf.marks)
        return self._files[path]

    def share(self, paths: Iterable[Path]) -> None:
        """Load those of some files that no other process of this run is loading; what the others load can be had later.

        :param paths: of all files that are going to be asked for
        """
        for path in paths if self.exchange is not None else ():
            if path not in self._files and self._kept(path) is None and self.exchange and self.exchange.claim(path):
                with contextlib.suppress(DagguardError):  # comes up again where the file is collected
                    self.load(path)

    def _kept(self, path: Path) -> DagFile | None:
        return self.shelf.find(path) if self.shelf is not None else None

    def _loaded(self, path: Path) -> DagFile:
        found = self._kept(path)
        if found is None and self.exchange is not None and not self.exchange.claim(path):
            shared = self.exchange.take(path)
            found = self._kept(path) or shared
        if found is not None:
            return found
        found = self._load(path)
        if self.shelf is not None:
            self.shelf.keep(found, self.lab.volatile)
        if self.exchange is not None:
            self.exchange.give(path, found)
        return found

    def _load(self, path: Path) -> DagFile:
        """Load a file; once more where a helper process is lost, which may have been its doing, or may not."""
        first = ""
        for _ in range(2):
            try:
                return self.lab.load(path)
            except ProcessLost as lost:
                self.close()
                why = str(lost).splitlines()[0]
                if first:
                    text = f"twice, while it loads, {first if first == why else f'{first}, and {why}'}"
                    return DagFile(str(path), errors=(LoadError("lost", text, 0, str(lost)),))
                first = why
        raise AssertionError("unreachable")

    def all_loaded(self) -> None:
        """Say that no other file will be loaded: rules that wait for all files may be asked."""
        if self.ledger is not None and self.shelf is not None:
            self.ledger.finish(self.hygiene, self.shelf.marks)

    @property
    def hygiene(self) -> Hygiene:
        """Judges the files that were loaded by the rules."""
        if self._hygiene is None:
            root, folders = self.options.root, self.options.dags
            self._hygiene = Hygiene(
                root,
                self.choice,
                Sources(root),
                Facts(lambda: installed(root)),
                lambda: frozenset(map(str, dag_files(folders))),
            )
        return self._hygiene

    def rule(self, name: str, file: str = "", dag: Dag | None = None) -> Verdict:
        """The verdict of one rule, without known findings."""
        key = (name, file, dag.dag_id if dag else "")
        if key not in self._rules:
            self._rules[key] = self.baseline.apply(self.hygiene.judge(name, file, dag), self.terms.root)
        return self._rules[key]

    def verdict(self, file: Path, dag: Dag, task: Task, name: str) -> Verdict:
        """Try one scenario on one task. A helper process that is lost gives a named inconclusive, not a crash."""
        began = time.monotonic()
        scenario = self._scenario(name)
        strategies = registry.collect("pytest_dagguard.explore", "STRATEGY")
        try:
            walk = self._walk_of(file, dag)
            found = check(self.lab, walk, task, name, scenario, strategies, self.terms)
            return self.baseline.apply(self._with_run(found, walk, task), self.terms.root)
        except ProcessLost as lost:
            self.close()
            reason, group = str(lost).splitlines()[0], "lost a helper process"
        except DagguardError as failed:
            reason, group = f"dagguard itself failed: {str(failed).splitlines()[0]}", "failed inside dagguard"
        home = narrate.relative(str(file), self.terms.root)
        shown = Verdict("scenario", name, verdicts.INCONCLUSIVE, home, dag.dag_id, task.task_id)
        return replace(shown, reason=reason, group=group, seconds=time.monotonic() - began)

    def _with_run(self, verdict: Verdict, walk: Walk, task: Task) -> Verdict:
        """Add what rules say of the task's clean run, to the first verdict that had one."""
        key = (walk.file, walk.dag.dag_id, task.task_id)
        if not self.measures or verdict.verdict == verdicts.INCONCLUSIVE or key in self._measured:
            return verdict
        self._measured.add(key)
        if walk.file not in self.hygiene.files:
            return verdict
        said = self.hygiene.of_run(walk.file, walk.dag, task, figures.measured(walk.baseline(task.task_id)))
        return figures.added(verdict, said)

    def _scenario(self, name: str) -> Scenario:
        if not self._scenarios:
            self._scenarios = registry.collect("pytest_dagguard.scenarios", "SCENARIO")
        return self._scenarios[name]

    def _walk_of(self, file: Path, dag: Dag) -> Walk:
        if self._walk is None or (self._walk.file, self._walk.dag.dag_id) != (str(file), dag.dag_id):
            if self._walk is not None:
                self._walk.close()
            if file in self._files:
                # where the load was kept, nobody has imported these yet
                self.lab.warm(self._files[file].modules)
            self.lab.actors.children.known = self._children_of(dag)
            self._walk = Walk(self.lab, str(file), dag, self.allow, self.seed)
        return self._walk

    def _children_of(self, dag: Dag) -> dict[str, tuple[str, Dag]]:
        """The DAGs whose runs are to be run where this one triggers them: those of all files of the repository."""
        said = self.options.behaviours.get("children", {}).values()
        if RUN not in said or not any(each.is_a("TriggerDagRunOperator") for each in dag.tasks):
            return {}
        for path in dag_files(self.options.dags):
            if path not in self._files and path not in self._others:
                with contextlib.suppress(DagguardError):  # comes up again where the file is collected
                    self._others[path] = self._loaded(path)
        files = {**self._others, **self._files}
        return {each.dag_id: (str(path), each) for path, found in files.items() for each in found.dags}

    def close(self) -> None:
        """End the helper processes; the next use starts them again. What rules said is kept, where all were asked."""
        if self.ledger is not None and self.shelf is not None:
            self.ledger.keep(self.hygiene, self.shelf.marks)
        self._walk = None
        if self._lab is not None:
            self._lab.close()
            self._lab = None
