"""The nodes that pytest collects: a file, its tasks, and an item for each check."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_dagguard.collection import missing
from pytest_dagguard.engine.narrate import relative
from pytest_dagguard.engine.replay import item_mark
from pytest_dagguard.engine.session import Session
from pytest_dagguard.model import registry
from pytest_dagguard.model import token as tokens
from pytest_dagguard.model import verdict as verdicts
from pytest_dagguard.model.dag import Dag, DagFile, LoadError, Task
from pytest_dagguard.model.errors import ConfigurationError, DagguardError
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.scenario import Scenario
from pytest_dagguard.model.verdict import Verdict
from pytest_dagguard.reports import terminal


class CheckFailed(Exception):
    """Carries a verdict to where pytest asks for the text of a failure."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.check)
        self.verdict = verdict


class DagFileNode(pytest.File):
    """One DAG file."""

    def __init__(self, *, session_of: Session, scenarios: tuple[str, ...], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.dagguard = session_of
        self.scenarios = scenarios

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """Load the file; an item for what kept it from loading, and a node for each task."""
        try:
            loaded = self.dagguard.load(self.path)
        except DagguardError as failed:
            raise self.CollectError(str(failed)) from failed
        if loaded.errors:
            yield LoadItem.from_parent(self, name="import-error", loaded=loaded)
        elif not loaded.dags:
            yield LoadItem.from_parent(self, name="no-dag-in-file", loaded=loaded)
        if not self.scenarios:
            return
        for dag in loaded.dags:
            for task in dag.tasks:
                yield TaskNode.from_parent(self, name=f"{dag.dag_id}.{task.task_id}", dag=dag, task=task)


class TaskNode(pytest.Collector):
    """One task of a DAG."""

    def __init__(self, *, dag: Dag, task: Task, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.dag, self.task = dag, task

    def collect(self) -> Iterator[pytest.Item]:
        """An item for each scenario."""
        assert isinstance(self.parent, DagFileNode)
        known: dict[str, Scenario] = registry.collect("pytest_dagguard.scenarios", "SCENARIO")
        for name in self.parent.scenarios:
            if known[name].applies(self.task):
                yield ScenarioItem.from_parent(self, name=name)


class CheckItem(pytest.Item):
    """Something that comes to a verdict."""

    verdict: Verdict | None = None
    line = 1

    @property
    def session_of(self) -> Session:
        """The session of the run."""
        node = self.getparent(DagFileNode)
        assert node is not None
        return node.dagguard

    def decide(self) -> Verdict:
        """Come to a verdict."""
        raise NotImplementedError

    def runtest(self) -> None:
        """Fail, skip or pass as the verdict says."""
        self.verdict = self.decide()
        strict = self.session_of.terms.strict
        if self.verdict.verdict == verdicts.FAIL or (strict and self.verdict.verdict != verdicts.PASS):
            raise CheckFailed(self.verdict)
        if self.verdict.verdict == verdicts.INCONCLUSIVE:
            pytest.skip(self.verdict.reason or "inconclusive")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The verdict in words."""
        if isinstance(excinfo.value, CheckFailed):
            return terminal.failure(excinfo.value.verdict, self.config.rootpath)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where pytest says it is, and its heading, in which pytest would make ``::`` of dots were it the id's end."""
        return self.path, None, self.nodeid.partition("::")[2].replace("::", " ")

    def skipped_at(self) -> tuple[str, int, str]:
        """What pytest shows of an item that is skipped: file, line and reason."""
        return str(self.path), self.line, f"Skipped: {self.verdict.reason if self.verdict else ''}"


class ScenarioItem(CheckItem):
    """One scenario on one task."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.add_marker("dagguard_scenario")
        if isinstance(self.parent, TaskNode):
            self.line = self.parent.task.line or 1

    def decide(self) -> Verdict:
        """Run the scenario."""
        node = self.parent
        assert isinstance(node, TaskNode)
        assert isinstance(node.parent, DagFileNode)
        found = node.parent.dagguard.verdict(self.path, node.dag, node.task, self.name)
        used = node.parent.dagguard.load(self.path).stand_ins
        notes = (*missing.of_text(found.reason or ""), *(f"{missing.USED}{each}" for each in used))
        return replace(found, notes=(*found.notes, *notes))

    def mark(self) -> bytes:
        """What stands for this item in a token."""
        node = self.parent
        assert isinstance(node, TaskNode)
        file = relative(str(self.path), self.config.rootpath)
        return item_mark(file, node.dag.dag_id, node.task.task_id, self.name)


def keep_token(config: pytest.Config, items: list[pytest.Item], text: str) -> None:
    """Deselect all items but the one that a token is of.

    :raises pytest.UsageError: the token is none, or of no item that was collected
    """
    try:
        wanted = tokens.decode(text).item
    except ConfigurationError as wrong:
        raise pytest.UsageError(str(wrong)) from wrong
    kept = [each for each in items if isinstance(each, ScenarioItem) and each.mark() == wanted]
    if not kept:
        raise pytest.UsageError(
            f"--dagguard-replay: {text} is of none of the {len(items)} items collected; name the DAG file that the"
            " report names, from the same folder, and with --dagguard-scenarios the scenario if it is no default one"
        )
    config.hook.pytest_deselected(items=[each for each in items if each not in kept])
    items[:] = kept


class LoadItem(CheckItem):
    """What kept a file from loading."""

    def __init__(self, *, loaded: DagFile, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.loaded = loaded
        self.add_marker("dagguard_rule")

    def decide(self) -> Verdict:
        """Say what is wrong with the file."""
        file = relative(str(self.path), self.config.rootpath)
        if not self.loaded.errors:
            found = Finding(
                "no-dag-in-file",
                f"{file} mentions Airflow and DAGs, and has no DAG at its top level",
                file=file,
                why="Airflow loads each such file again and again, and finds nothing in it",
                fix="assign the DAG to a name at module level, call the @dag function, or list it in .airflowignore",
            )
            return Verdict("rule", self.name, verdicts.WARN, file, findings=(found,), seconds=self.loaded.seconds)
        findings = tuple(_load_finding(file, each) for each in self.loaded.errors)
        logs = {file: self.loaded.errors[0].detail} if self.loaded.errors[0].detail else {}
        failed = Verdict(
            "rule", self.name, verdicts.FAIL, file, findings=findings, seconds=self.loaded.seconds, logs=logs
        )
        options = self.session_of.options
        folders = (*map(str, options.dags), *options.paths)
        lacks = [each for error in self.loaded.errors for each in missing.of_text(error.message)]
        if any(each.kind in ("missing-module", "exception") for each in self.loaded.errors):
            lacks += missing.of_source(self.path, folders, {*os.environ, *options.environment})
        return replace(failed, notes=tuple(dict.fromkeys(lacks)))


FIXES = {
    "syntax": "mend the syntax; Python cannot read the file",
    "missing-module": "install the module where pytest runs, or leave the file out with .airflowignore",
    "exit": "a DAG file is loaded again and again by Airflow; nothing in it may end the process",
    "timeout": "move what takes long into a task; Airflow itself gives up on a file after 30 s",
    "crash": "find what ends or crashes the process while the file loads",
    "limit": "a DAG file is loaded again and again by Airflow; do in a task what takes so much of the machine",
    "egress": "a DAG file must load without the network; read in a task what it fetches",
}


def _load_finding(file: str, error: LoadError) -> Finding:
    place = f"{file}:{error.line}" if error.line else file
    return Finding(
        "import-error",
        f"{place} does not load: {error.message}",
        file=file,
        line=error.line,
        why="none of its DAGs can run, and none of its tasks could be checked",
        fix=FIXES.get(error.kind, "make the file load where pytest runs"),
    )
