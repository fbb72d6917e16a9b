"""Rules about what tasks read."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import INFO, Rule, Subject
from pytest_dagguard.rules._source.index import Index, argument, index_of, keyword, last_name
from pytest_dagguard.rules._source.sql import Statement, is_scoped, statements
from pytest_dagguard.rules._source.tasks import in_tasks
from pytest_dagguard.rules._source.tell import finding

TEXT = """\
What it does
  Looks for a task that takes whatever is newest: the object with the greatest LastModified, the file that was changed
  last, WHERE day = (SELECT MAX(day) ...).

Why is this bad
  What is newest is another thing in a retry, in a backfill and when two runs overlap. The run of Monday that is
  cleared on Friday reads Friday's data and writes it as Monday's.

Example
  newest = max(objects, key=lambda each: each["LastModified"])

Use instead
  key = f"exports/{ds}.csv"                       # the object that belongs to this run, waited for by a sensor
"""
_WHY = "What is newest is another thing in a retry, in a backfill, and when two runs overlap."
_FIX = "Name what belongs to the run, by {{ ds }} or the data interval, and wait for it with a sensor."
_CHANGED = frozenset(
    {"LastModified", "last_modified", "updated", "time_created", "timeCreated", "modified", "creation_time"}
)
_FILE_TIMES = frozenset({"os.path.getmtime", "os.path.getctime", "os.path.getatime"})


def read_latest(subject: Subject) -> Iterator[Finding]:
    """Reads of whatever is newest."""
    if subject.source is None:
        return
    for task, index, function in in_tasks(subject):
        for call in index.calls_in(function):
            if last_name(call.func) in ("max", "sorted", "sort") and _is_by_time(index, keyword(call, "key")):
                message = f"{task.name} takes what was changed last."
                yield finding("read-latest", index, call, message, _WHY, _FIX)
    index = index_of(subject.source)
    for statement, column in _latest_in_sql(index):
        message = f"The statement takes the rows with the greatest {column}."
        yield finding("read-latest", index, statement.node, message, _WHY, _FIX)


def _is_by_time(index: Index, key: ast.expr | None) -> bool:
    if key is None:
        return False
    if index.dotted(key) in _FILE_TIMES:
        return True
    if isinstance(key, ast.Call) and last_name(key.func) in ("itemgetter", "attrgetter"):
        return getattr(argument(key, 0), "value", None) in _CHANGED
    if not isinstance(key, ast.Lambda):
        return False
    for each in ast.walk(key.body):
        if isinstance(each, ast.Attribute) and each.attr in (*_CHANGED, "st_mtime"):
            return True
        if isinstance(each, ast.Constant) and each.value in _CHANGED:
            return True
        if isinstance(each, ast.Call) and index.dotted(each.func) in _FILE_TIMES:
            return True
    return False


def _latest_in_sql(index: Index) -> Iterator[tuple[Statement, str]]:
    """Statements that compare a column with its own greatest value, with that column."""
    from sqlglot import exp

    for each in statements(index):
        for equal in each.tree.find_all(exp.EQ):
            column, query = equal.this, equal.expression
            if not (isinstance(column, exp.Column) and isinstance(query, exp.Subquery)):
                continue
            greatest = query.find(exp.Max)
            of = greatest.find(exp.Column) if greatest is not None else None
            if of is not None and of.name == column.name:
                where = query.find(exp.Where)
                if where is None or not is_scoped(where):
                    yield each, column.name


RULES = (Rule("read-latest", "file", INFO, "a task reads whatever is newest", TEXT, read_latest),)
