"""A rule: something that a DAG, a DAG file or a repository should keep, found without running a task."""

from __future__ import annotations

import ast
import fnmatch
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_dagguard.model.dag import Dag, DagFile, Task
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.ignore import Ignore
from pytest_dagguard.model.measured import Measured

ERROR, WARNING, INFO, OFF = "error", "warning", "info", "off"
SEVERITIES = (ERROR, WARNING, INFO, OFF)
"""What a finding of a rule does: ``error`` fails, ``warning`` warns, ``info`` is a note, ``off`` is not looked for."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file of the repository as text.

    :param path: absolute
    :param name: relative to the root where possible, as findings show it
    :param tree: its syntax tree; None where Python cannot read it
    """

    path: Path
    name: str
    text: str
    tree: ast.Module | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class Repository:
    """What rules may know of the whole repository.

    :param files: every DAG file that was loaded in this run
    :param sources: path relative to the root -> source of every DAG file and of the repository's own modules beside it
    :param environment: facts about the installation: ``plugins`` (what Airflow's plugin manager finds), ``providers``
    :param settings: values of rules that users may change, as ``[tool.dagguard.rules]`` has them: rule -> its table
    :param owners: DAG id -> the files that have a DAG of that id
    :param complete: ``files`` are all that the DAG folders have, not just those that were named
    """

    root: Path
    files: tuple[DagFile, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    owners: Mapping[str, tuple[DagFile, ...]] = field(default_factory=dict, repr=False)
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Subject:
    """What one check of a rule is about.

    :param dag: for rules of level ``dag``
    :param source: for rules of level ``dag`` and ``file``
    :param loaded: what came of loading that file; None where it was not loaded
    :param task: for rules of level ``task``
    :param measured: what its clean run took
    :param unused: inline ignores of that file that silenced nothing, for the one rule that looks at them
    """

    repository: Repository
    source: Source | None = None
    loaded: DagFile | None = None
    dag: Dag | None = None
    unused: tuple[Ignore, ...] = ()
    task: Task | None = None
    measured: Measured | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. A file in ``rules`` is one family and has them as ``RULES = (Rule(...), ...)``.

    :param name: as users write it, ``missing-retries``; also the class of its findings
    :param level: ``dag`` (one item a DAG), ``file`` (one a DAG file), ``repository`` (one a run) or ``task``: it
        looks at the clean run of a task, and is told with the first scenario that needs one
    :param severity: what its findings do where the configuration does not say
    :param summary: one line
    :param text: three fixed parts, headed ``What it does``, ``Why is this bad`` and ``Example`` with ``Use instead``
    :param check: a pure function; yields a finding for each place, with ``file``, ``line``, ``why`` and ``fix``
    :param whole: it looks at ``repository.files``, so it waits until all files are loaded
    :param before_3: the severity under Airflow 2, where that is another: what Airflow 3 takes away still works there
    """

    name: str
    level: str
    severity: str
    summary: str
    text: str
    check: Callable[[Subject], Iterable[Finding]] = field(repr=False)
    whole: bool = False
    before_3: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rules are looked for, and what their findings do: ``[tool.dagguard.rules]``.

    :param select: names of rules or families, or ``all``
    :param ignore: names of rules or families
    :param severity: name of a rule or family -> severity
    :param per_file: pattern of paths relative to the root -> names of rules or families that are not looked for there
    :param values: rule -> its table, for rules with values that users may change
    """

    select: tuple[str, ...] = ("all",)
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, str] = field(default_factory=dict)
    per_file: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def severity_of(self, rule: Rule, family: str, airflow2: bool = False) -> str:
        """What a finding of this rule does; ``off`` where the rule is not looked for.

        :param airflow2: the Airflow that is here is one before 3
        """
        named = rule.name in self.select or family in self.select
        if not (named or "all" in self.select) or rule.name in self.ignore:
            return OFF
        if family in self.ignore and rule.name not in self.select:
            return OFF
        wanted = self.severity.get(rule.name) or self.severity.get(family)
        if wanted:
            return wanted
        # whoever selects a rule by its name wants to hear of it, although it is off for everybody else
        usual = (airflow2 and rule.before_3) or rule.severity
        return WARNING if usual == OFF and rule.name in self.select else usual

    def spares(self, file: str, rule: str, family: str) -> bool:
        """Say whether this rule is not looked for in this file.

        :param file: relative to the root
        """
        # asked for each rule on each file, and most repositories have no such table
        return bool(self.per_file) and any(
            fnmatch.fnmatchcase(file, pattern) and bool({rule, family, "all"} & set(names))
            for pattern, names in self.per_file.items()
        )
