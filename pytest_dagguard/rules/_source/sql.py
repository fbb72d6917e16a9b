"""SQL in a source file: where it stands, and what its statements do. Parsed by sqlglot."""

from __future__ import annotations

import ast
import contextlib
import functools
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_dagguard.rules._source.index import Function, Index, argument, last_name
from pytest_dagguard.rules._source.tasks import operators
from pytest_dagguard.rules._source.texts import UNKNOWN, literal, text_of

_ARGUMENTS = ("sql", "query", "bql", "hql", "statement", "statements", "sqls", "preoperator", "postoperator")
_RUNNERS = (
    "execute",
    "executemany",
    "run",
    "query",
    "sql",
    "get_first",
    "get_records",
    "execute_query",
    "exec_driver_sql",
)
_DIALECTS = (
    ("BigQuery", "bigquery"),
    ("Snowflake", "snowflake"),
    ("Redshift", "redshift"),
    ("Postgres", "postgres"),
    ("MySql", "mysql"),
    ("ClickHouse", "clickhouse"),
    ("Trino", "trino"),
    ("Presto", "presto"),
    ("Athena", "athena"),
    ("Hive", "hive"),
    ("Spark", "spark"),
    ("Databricks", "databricks"),
    ("DuckDB", "duckdb"),
    ("Oracle", "oracle"),
    ("MsSql", "tsql"),
    ("Sqlite", "sqlite"),
)
_GUESSES = ("postgres", "mysql", "bigquery", "snowflake", "spark", "tsql")
_CHANGES = re.compile(r"\b(insert|delete|truncate|merge|replace|drop|create|max)\b", re.IGNORECASE)
_JINJA_VALUE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_JINJA_BLOCK = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_MARKER = "dagguard_value"
_MOST = 200_000
"""Characters: a longer text is data and no statement that somebody wrote."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement of a file.

    :param node: the expression that it stands in
    :param tree: what sqlglot makes of it
    """

    node: ast.expr
    index: Index
    function: Function | None
    tree: Any


def statements(index: Index) -> Iterator[Statement]:
    """Every statement of a file that changes something or asks for the latest, in the order of the file."""
    for node, function, dialect in _texts(index):
        text = text_of(index, node, function)
        text = _from_file(index, text)
        if not _CHANGES.search(text) or len(text) > _MOST:
            continue
        for tree in parsed(text, dialect):
            yield Statement(node, index, function, tree)


def _texts(index: Index) -> Iterator[tuple[ast.expr, Function | None, str]]:
    seen: set[ast.expr] = set()
    for operator in operators(index):
        dialect = next((found for part, found in _DIALECTS if part.lower() in operator.name.lower()), "")
        for each in operator.call.keywords:
            for node in _of_argument(each):
                seen.add(node)
                yield from _alternatives(index, node, operator.function, dialect)
    for function, calls in index.calls.items():
        for call in calls:
            if last_name(call.func) in _RUNNERS and isinstance(call.func, ast.Attribute):
                value = argument(call, 0, "sql", "query", "statement", "operation")
                if value is not None and value not in seen:
                    for node in value.elts if isinstance(value, ast.List | ast.Tuple) else [value]:
                        yield from _alternatives(index, _unwrapped(node), function, "")


def _of_argument(given: ast.keyword) -> Iterator[ast.expr]:
    if given.arg in _ARGUMENTS:
        yield from given.value.elts if isinstance(given.value, ast.List | ast.Tuple) else [given.value]
    elif given.arg == "configuration":
        # of BigQueryInsertJobOperator: {"query": {"query": "..."}}
        for each in ast.walk(given.value):
            if isinstance(each, ast.Dict):
                for key, value in zip(each.keys, each.values, strict=True):
                    if literal(key) == "query" and not isinstance(value, ast.Dict):
                        yield value


def _alternatives(
    index: Index, node: ast.expr, function: Function | None, dialect: str
) -> Iterator[tuple[ast.expr, Function | None, str]]:
    """The expression itself, or each of the values of a name that is bound several times."""
    values = index.bound(node.id, function) if isinstance(node, ast.Name) else []
    if len(values) == 1 and isinstance(values[0], ast.List | ast.Tuple):
        values = values[0].elts
    for each in values or [node]:
        yield _unwrapped(each), function, dialect


def _unwrapped(node: ast.expr) -> ast.expr:
    """The text in ``text("...")`` and ``sql.SQL("...")``."""
    if isinstance(node, ast.Call) and last_name(node.func) in ("text", "SQL") and node.args:
        return node.args[0]
    return node


def _from_file(index: Index, text: str) -> str:
    """What is in the file that a text names; the text itself where it names none beside the DAG file."""
    if not text.strip().endswith((".sql", ".hql")) or UNKNOWN in text or "\n" in text.strip():
        return text
    return _read(index.source.path.parent, text.strip())


@functools.lru_cache(maxsize=512)
def _read(folder: Path, name: str) -> str:
    for each in (folder, folder / "sql", folder.parent, folder.parent / "sql", folder.parent / "include"):
        try:
            return (each / name.lstrip("/")).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
    return ""


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """sqlglot logs each statement that it does not know; nobody has to hear of that."""
    logger = logging.getLogger("sqlglot")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@functools.lru_cache(maxsize=4096)
def parsed(text: str, dialect: str) -> tuple[Any, ...]:
    """The statements of a text, in the first dialect that can read it; none where no dialect can.

    Templates and what the file does not tell become one name, by which :func:`is_scoped` knows them.
    """
    import sqlglot

    text = _JINJA_VALUE.sub(_MARKER, _JINJA_BLOCK.sub(" ", text)).replace(UNKNOWN, _MARKER)
    text = re.sub(r"%\(\w+\)s|%s", f"'{_MARKER}'", text)
    for each in (dialect,) if dialect else _GUESSES:
        try:
            with _quiet():
                return tuple(tree for tree in sqlglot.parse(text, read=each) if tree is not None)
        except (sqlglot.errors.SqlglotError, RecursionError):
            continue
    return parsed(text, "") if dialect else ()


def table_of(tree: Any) -> str:
    """The table that a statement changes, in lower case; without its database and its quotes."""
    from sqlglot import exp

    where = tree.this if isinstance(tree, exp.Insert | exp.Delete | exp.Create) else tree
    table = where.find(exp.Table) if isinstance(where, exp.Expression) else None
    if table is None:
        return ""
    return "?" if _MARKER in table.sql() and _MARKER in table.name else str(table.name).lower()


def is_scoped(node: Any) -> bool:
    """True where a condition has something of the run in it: a template, a bound parameter, today's date."""
    from sqlglot import exp

    if _MARKER in node.sql():
        return True
    kinds = (exp.Placeholder, exp.Parameter, exp.CurrentDate, exp.CurrentTimestamp)
    return any(True for _ in node.find_all(*kinds))


def clearing(tree: Any) -> str:
    """The table that a statement empties, wholly or of the run's own rows; empty where it does not."""
    from sqlglot import exp

    if isinstance(tree, exp.Delete):
        where = tree.args.get("where")
        return table_of(tree) if where is None or is_scoped(where) or where.find(exp.Subquery, exp.In) else ""
    if isinstance(tree, exp.TruncateTable):
        return table_of(tree)
    if isinstance(tree, exp.Drop) and str(tree.args.get("kind", "")).upper() == "TABLE":
        return table_of(tree)
    if isinstance(tree, exp.Create) and (tree.args.get("replace") or _is_temporary_table(tree)):
        return table_of(tree)
    return ""


def _is_temporary_table(tree: Any) -> bool:
    from sqlglot import exp

    return any(True for _ in tree.find_all(exp.TemporaryProperty))
