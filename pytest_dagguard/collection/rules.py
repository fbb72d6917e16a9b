"""The items of rules.

A repository has thousands of pairs of a DAG and a rule, and nearly all are kept. So an item of its own is made for a
rule that fails or warns, and for one that was asked for by name (as a node id, in ``-k``, or because it failed last
time). One item for each file, ``rules``, stands for all that are kept, and carries the notes.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_dagguard.collection import missing
from pytest_dagguard.collection.check import CheckItem
from pytest_dagguard.collection.imports import Imports
from pytest_dagguard.engine.lab import Options
from pytest_dagguard.engine.session import Session
from pytest_dagguard.model import verdict as verdicts
from pytest_dagguard.model.dag import Dag
from pytest_dagguard.model.verdict import Verdict

KEPT = "rules"
ALWAYS = frozenset({"import-error", "no-dag-in-file"})
"""Looked for with ``--dagguard-only scenarios`` too: a file whose tasks cannot be checked is never silent."""


class RuleNode(pytest.Collector):
    """One DAG, or the repository, as the parent of rules that look at it."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.members: list[pytest.Item] = []

    def collect(self) -> list[pytest.Item]:
        """The rules that have something to say."""
        return self.members


class RuleItem(CheckItem):
    """One rule on the repository, a file, or a DAG."""

    def __init__(self, *, session_of: Session, file: str = "", dag: Dag | None = None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.dagguard, self.file, self.dag = session_of, file, dag
        self.add_marker("dagguard_rule")

    @property
    def session_of(self) -> Session:
        """The session of the run."""
        return self.dagguard

    def decide(self) -> Verdict:
        """Judge, or tell what was judged while items were collected."""
        found = self.dagguard.rule(self.name, self.file, self.dag)
        if self.name != "import-error":
            return found
        options = self.dagguard.options
        imports = imports_of(
            options.root, (*map(str, options.dags), *options.paths), (*options.stubs, *options.aliases)
        )
        lacks = missing.of_load(self.dagguard.hygiene.files[self.file], imports, known(options))
        return replace(found, notes=(*found.notes, *lacks))


@functools.lru_cache(maxsize=1)
def imports_of(root: Path, folders: tuple[str, ...], stand_ins: tuple[str, ...]) -> Imports:
    """One look at the repository for all of its files."""
    return Imports(root, folders, stand_ins)


def known(options: Options) -> set[str]:
    """Notes on what files will find, see :func:`~pytest_dagguard.collection.missing.of_load`."""
    set_by_name = [each.removeprefix("AIRFLOW_VAR_").lower() for each in options.environment]
    found = {f"{missing.NOTE}{missing.ENVIRONMENT} {name}" for name in (*os.environ, *options.environment)}
    found |= {f"{missing.NOTE}{missing.VARIABLE} {name}" for name in (*options.seed.variables, *set_by_name)}
    return found | ({f"{missing.NOTE}{missing.MOVED}"} if options.airflow2 else set())


class KeptItem(CheckItem):
    """All rules on a file, or on the repository, that have no item of their own."""

    def __init__(self, *, session_of: Session, file: str = "", only: frozenset[str] | None = None, **more: Any) -> None:
        super().__init__(**more)
        self.dagguard, self.file, self.only = session_of, file, only
        self.add_marker("dagguard_rule")

    @property
    def session_of(self) -> Session:
        """The session of the run."""
        return self.dagguard

    def decide(self) -> Verdict:
        """One verdict for all of them; what one of them cannot tell, all of them cannot."""
        judged = [self.dagguard.rule(*each) for each in checks(self.dagguard, self.file, self.only)]
        return verdicts.together(KEPT, [each for each in judged if not speaks(each)])


def speaks(verdict: Verdict) -> bool:
    """Say whether a verdict is worth an item of its own."""
    return verdict.verdict != verdicts.PASS


def checks(session: Session, file: str, only: frozenset[str] | None) -> Iterator[tuple[str, str, Dag | None]]:
    """Every rule on a file and its DAGs, or on the repository where ``file`` is empty.

    :param only: names of rules, None for all
    """
    if not file:
        for name in session.hygiene.of_repository():
            if only is None or name in only:
                yield name, "", None
        return
    for whole in (False, True):
        for name, dag in session.hygiene.of_file(file, whole):
            if only is None or name in only:
                yield name, file, dag


class FileRules:
    """The items of rules below the node of one file."""

    def __init__(self, parent: pytest.Collector, session: Session, named: frozenset[str], only: Any) -> None:
        """
        :param named: rules that get items whatever comes of them
        :param only: names of the rules to look for, None for all
        """
        self.parent, self.session, self.named, self.only = parent, session, named, only
        self.file = str(parent.path)

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """What fails or warns by what the file itself says, what is named, and the item for all the rest."""
        found = []
        for name, file, dag in checks(self.session, self.file, self.only):
            early = not self.session.hygiene.active[name].rule.whole
            if name in self.named or (early and speaks(self.session.rule(name, file, dag))):
                found.append((name, dag))
        by_dag: dict[str, list[tuple[str, Dag | None]]] = {}
        for name, dag in found:
            by_dag.setdefault(dag.dag_id if dag else "", []).append((name, dag))
        for name, dag in by_dag.pop("", []):
            yield self.item(name, dag)
        for dag_id, members in by_dag.items():
            node = RuleNode.from_parent(self.parent, name=dag_id)
            node.members = [self.item(name, dag, node) for name, dag in members]
            yield node
        if any(True for _ in checks(self.session, self.file, self.only)):
            yield KeptItem.from_parent(self.parent, name=KEPT, session_of=self.session, file=self.file, only=self.only)

    def late(self) -> list[pytest.Item]:
        """Items for what fails or warns by what all files together say."""
        return [
            self.item(name, dag)
            for name, dag in self.session.hygiene.of_file(self.file, whole=True)
            if (self.only is None or name in self.only)
            and name not in self.named
            and speaks(self.session.rule(name, self.file, dag))
        ]

    def item(self, name: str, dag: Dag | None, parent: pytest.Collector | None = None) -> pytest.Item:
        """The item of one rule."""
        home = parent or (RuleNode.from_parent(self.parent, name=dag.dag_id) if dag else self.parent)
        made: pytest.Item = RuleItem.from_parent(home, name=name, session_of=self.session, file=self.file, dag=dag)
        return made


def named(config: pytest.Config, rules: frozenset[str]) -> frozenset[str]:
    """Rules that the user asks for by name: in a node id, with ``-k``, or by ``--lf`` and ``--ff``."""
    texts = [each.rpartition("::")[2] for each in config.args if "::" in each]
    words = set(re.findall(r"[\w-]+", str(config.getoption("keyword", "") or "")))
    cache = getattr(config, "cache", None)
    if cache is not None and (config.getoption("lf", False) or config.getoption("failedfirst", False)):
        texts += [each.rpartition("::")[2] for each in cache.get("cache/lastfailed", {})]
    return rules & {*texts, *words}


def repository_items(
    parent: pytest.Session, session: Session, wanted: frozenset[str], all_of: bool
) -> list[pytest.Item]:
    """Items of the rules that look at the whole repository.

    :param wanted: rules that were asked for by their node id
    :param all_of: and those that were not
    """
    node = RuleNode.from_parent(parent, name=".", nodeid=".")
    found: list[pytest.Item] = []
    for name, _, _ in checks(session, "", None):
        if name in wanted or (all_of and speaks(session.rule(name))):
            found.append(RuleItem.from_parent(node, name=name, session_of=session))
    if all_of and any(True for _ in session.hygiene.of_repository()):
        found.append(KeptItem.from_parent(node, name=KEPT, session_of=session))
    return found


def add_late(session: pytest.Session, items: list[pytest.Item], run: Session) -> None:
    """Add the items that take all files: after those of the same file, and those of the repository at the end."""
    run.all_loaded()
    for kept in [each for each in items if isinstance(each, KeptItem)]:
        rules: FileRules = kept.parent.rules  # type: ignore[union-attr]
        place = items.index(kept)
        items[place:place] = rules.late()
    wanted, alone = session.config.stash.get(WANTED, (frozenset(), False))
    folders = any("::" not in each and Path(each).is_dir() for each in session.config.args)
    if alone:
        session.config.hook.pytest_deselected(items=list(items))
        items.clear()
    items += repository_items(session, run, wanted, folders and not alone)


WANTED = pytest.StashKey[tuple[frozenset[str], bool]]()
"""Rules on the repository that were named on the command line, and whether nothing else was."""


def take_repository_arguments(config: pytest.Config, dags: Sequence[Path]) -> None:
    """Take ``.::rule`` out of the command line, where pytest would look for it among the files.

    :param dags: what to load instead, for such a rule to look at
    """
    mine = [each for each in config.args if each.startswith((".::", "./::"))]
    if mine:
        rest = [each for each in config.args if each not in mine]
        config.stash[WANTED] = (frozenset(each.partition("::")[2] for each in mine), not rest)
        config.args = rest or [str(each) for each in dags]
