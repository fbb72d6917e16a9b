"""A rule: something that a DAG, a DAG file or a repository should keep, found without running a task."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_dagguard.model.dag import Dag, DagFile
from pytest_dagguard.model.finding import Finding

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
    :param settings: values of rules that users may change, as ``[tool.dagguard.rules]`` has them
    """

    root: Path
    files: tuple[DagFile, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subject:
    """What one check of a rule is about.

    :param dag: for rules of level ``dag``
    :param source: for rules of level ``dag`` and ``file``
    :param loaded: what came of loading that file; None where it was not loaded
    """

    repository: Repository
    source: Source | None = None
    loaded: DagFile | None = None
    dag: Dag | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. A file in ``rules`` is one family and has them as ``RULES = (Rule(...), ...)``.

    :param name: as users write it, ``missing-retries``; also the class of its findings
    :param level: ``dag`` (one item a DAG), ``file`` (one a DAG file) or ``repository`` (one a run)
    :param severity: what its findings do where the configuration does not say
    :param summary: one line
    :param text: three fixed parts, headed ``What it does``, ``Why is this bad`` and ``Example`` with ``Use instead``
    :param check: a pure function; yields a finding for each place, with ``file``, ``line``, ``why`` and ``fix``
    """

    name: str
    level: str
    severity: str
    summary: str
    text: str
    check: Callable[[Subject], Iterable[Finding]] = field(repr=False)
