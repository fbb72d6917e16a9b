"""The nodes that pytest collects: a file, its tasks, and an item for each scenario."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from pytest_dagguard.collection import missing
from pytest_dagguard.collection.check import CheckItem
from pytest_dagguard.collection.rules import FileRules, named
from pytest_dagguard.engine.narrate import relative
from pytest_dagguard.engine.replay import item_mark
from pytest_dagguard.engine.session import Session
from pytest_dagguard.model import registry
from pytest_dagguard.model import token as tokens
from pytest_dagguard.model.dag import Dag, Task
from pytest_dagguard.model.errors import ConfigurationError, DagguardError
from pytest_dagguard.model.scenario import Scenario
from pytest_dagguard.model.verdict import UNTESTED, Verdict


class DagFileNode(pytest.File):
    """One DAG file."""

    def __init__(
        self,
        *,
        session_of: Session,
        scenarios: tuple[str, ...],
        only: frozenset[str] | None = None,
        changed: bool = True,
        **arguments: Any,
    ) -> None:
        """
        :param scenarios: to try on each task
        :param only: rules to look for, None for all
        :param changed: False where ``--dagguard-changed`` leaves the file out
        """
        super().__init__(**arguments)
        self.dagguard = session_of
        self.scenarios = scenarios
        self.only, self.changed = only, changed
        self.rules: FileRules | None = None

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """Load the file; items for what rules say of it, and a node for each task."""
        if not self.changed:
            return
        try:
            loaded = self.dagguard.load(self.path)
        except DagguardError as failed:
            raise self.CollectError(str(failed)) from failed
        wanted = named(self.config, frozenset(self.dagguard.hygiene.active))
        self.rules = FileRules(self, self.dagguard, wanted, self.only)
        yield from self.rules.collect()
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


class ScenarioItem(CheckItem):
    """One scenario on one task."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.add_marker("dagguard_scenario")
        if isinstance(self.parent, TaskNode):
            self.line = self.parent.task.line or 1

    @property
    def session_of(self) -> Session:
        """The session of the run."""
        node = self.getparent(DagFileNode)
        assert node is not None
        return node.dagguard

    def decide(self) -> Verdict:
        """Run the scenario."""
        node = self.parent
        assert isinstance(node, TaskNode)
        assert isinstance(node.parent, DagFileNode)
        found = node.parent.dagguard.verdict(self.path, node.dag, node.task, self.name)
        used = node.parent.dagguard.load(self.path).stand_ins
        lacks = [found.reason or "", *(each for each in found.notes if each.startswith(UNTESTED))]
        notes = (*missing.of_text("\n".join(lacks)), *(f"{missing.USED}{each}" for each in used))
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
