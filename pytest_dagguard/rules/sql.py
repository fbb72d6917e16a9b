"""Rules about SQL that tasks run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import WARNING, Rule, Subject
from pytest_dagguard.rules._source.index import Index, index_of
from pytest_dagguard.rules._source.sql import Statement, clearing, statements, table_of
from pytest_dagguard.rules._source.tell import finding
from pytest_dagguard.rules._source.texts import is_temporary

INSERT_TEXT = """\
What it does
  Reads the SQL that operators and hooks are given, also from .sql files beside the DAG file, and looks for an INSERT
  that nothing keeps from being carried out twice. What counts as a guard: MERGE, INSERT OVERWRITE, REPLACE, ON
  CONFLICT, NOT EXISTS, a DELETE of the run's own rows or a TRUNCATE of the same table in the same file. A DELETE with
  a fixed condition is no guard, and neither is ON CONFLICT DO UPDATE SET n = n + EXCLUDED.n, which adds once more.

Why is this bad
  A retry after the INSERT was committed, and a run that is cleared, insert the same rows once more. No error tells of
  it; sums are too high.

Example
  INSERT INTO sales SELECT * FROM staging WHERE day = '{{ ds }}'

Use instead
  DELETE FROM sales WHERE day = '{{ ds }}';
  INSERT INTO sales SELECT * FROM staging WHERE day = '{{ ds }}'
"""
_INSERT_WHY = (
    "A retry, or a run that is cleared, inserts the same rows once more; nothing in the statement prevents it."
)
_INSERT_FIX = (
    "Delete the run's own rows first in the same transaction, or use MERGE, INSERT OVERWRITE or ON CONFLICT DO UPDATE "
    "with values that do not add up."
)
_ADDS_WHY = "ON CONFLICT keeps the row single, but the value is added to what the first try has already added."
_ADDS_FIX = "Set the value to EXCLUDED's, computed for the whole run, instead of adding to what is there."
_LOGS = re.compile(r"(^|_)(logs?|audit|history|heartbeats?)(_|$)")


def plain_insert(subject: Subject) -> Iterator[Finding]:
    """INSERTs that a retry carries out once more."""
    if subject.source is None:
        return
    index = index_of(subject.source)
    found = list(statements(index))
    cleared = {table for each in found if (table := clearing(each.tree))}
    told: set[tuple[str, ast.AST]] = set()
    for each in found:
        # one finding for a table, however many rows an operator is told to insert one by one
        place = next((node for node in index.around(each.node) if isinstance(node, ast.Call)), each.node)
        for problem in _insert(each, index, cleared):
            if (problem.resource, place) not in told:
                told.add((problem.resource, place))
                yield problem


def _insert(statement: Statement, index: Index, cleared: set[str]) -> Iterator[Finding]:
    from sqlglot import exp

    tree = statement.tree
    if not isinstance(tree, exp.Insert) or tree.args.get("overwrite"):
        return
    table = table_of(tree)
    if table in cleared or is_temporary(table) or _LOGS.search(table):
        return
    conflict = tree.args.get("conflict")
    if conflict is not None:
        added = next((each for each in conflict.expressions if _adds(each)), None)
        if added is not None:
            message = f"The INSERT into {_named(table)} adds up where the row is there already: {added.sql()}."
            yield finding("plain-insert", index, statement.node, message, _ADDS_WHY, _ADDS_FIX, table)
        return
    if tree.args.get("alternative") or _excludes_present(tree, table):
        return
    message = f"The INSERT into {_named(table)} has nothing that keeps a retry from inserting the same rows again."
    yield finding("plain-insert", index, statement.node, message, _INSERT_WHY, _INSERT_FIX, table)


def _named(table: str) -> str:
    return table if table not in ("", "?") else "the table"


def _adds(update: Any) -> bool:
    """True for ``n = n + EXCLUDED.n``: the new value is made of the old one."""
    from sqlglot import exp

    if not isinstance(update, exp.EQ) or not update.expression.find(exp.Add, exp.Sub, exp.DPipe):
        return False
    name = update.this.name
    columns = [each for each in update.expression.find_all(exp.Column) if each.name == name]
    return any(each.table.lower() != "excluded" for each in columns) and len(columns) > 0


def _excludes_present(tree: Any, table: str) -> bool:
    """True where the rows that are there already are left out: NOT EXISTS, NOT IN, EXCEPT, an anti-join."""
    from sqlglot import exp

    if tree.find(exp.Except):
        return True
    for each in tree.find_all(exp.Not):
        if isinstance(each.this, exp.Exists | exp.In):
            return True
    joined = (each.this for each in tree.find_all(exp.Join))
    return any(isinstance(each, exp.Table) and each.name.lower() == table for each in joined)


RULES = (
    Rule(
        "plain-insert",
        "file",
        WARNING,
        "an INSERT that a retry carries out once more",
        INSERT_TEXT,
        plain_insert,
    ),
)
