"""Rules about writes that add to what is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import WARNING, Rule, Subject
from pytest_dagguard.rules._source.index import Function, Index, argument, index_of, keyword, last_name
from pytest_dagguard.rules._source.sql import clearing, statements
from pytest_dagguard.rules._source.tasks import in_tasks, operators
from pytest_dagguard.rules._source.tell import finding
from pytest_dagguard.rules._source.texts import UNKNOWN, is_temporary, literal, mode_of, text_of

TEXT = """\
What it does
  Looks for writes that add to what is there: WRITE_APPEND, if_exists="append", mode("append") of Spark, insert_rows
  without replace, a file that is opened for appending, S3ToRedshiftOperator with its default method. A table that the
  same file first clears of the run's rows, a temporary one and a log are no findings.

Why is this bad
  A retry adds once more what the killed try has added already. The rows are there twice and nothing says so. BBC
  Datalab's training data doubled because a job and its retry both added their output to one place.

Example
  GCSToBigQueryOperator(..., destination_project_dataset_table="dwh.sales", write_disposition="WRITE_APPEND")

Use instead
  GCSToBigQueryOperator(..., destination_project_dataset_table="dwh.sales${{ ds_nodash }}",   # one day's partition,
                        write_disposition="WRITE_TRUNCATE")                                   # replaced as a whole
"""
_WHY = "A retry adds once more what the killed try has added already."
_FIX = "Replace the run's own part: a partition with WRITE_TRUNCATE, a delete of the run's rows first, or a merge."
_LOGS = re.compile(r"(^|[^a-z])(logs?|audit|history|metrics?)([^a-z]|$)", re.IGNORECASE)
_TARGETS = (
    "destination_project_dataset_table",
    "destination_dataset_table",
    "destination_table",
    "destination",
    "table",
    "table_id",
    "table_name",
    "name",
)
_DEEP = 4
_WRITERS = (
    "to_sql",
    "to_gbq",
    "saveAsTable",
    "save",
    "parquet",
    "csv",
    "json",
    "orc",
    "write_deltalake",
    "write_database",
)


def append_write(subject: Subject) -> Iterator[Finding]:
    """Writes that add to what is there."""
    if subject.source is None:
        return
    index = index_of(subject.source)
    cleared = {table for each in statements(index) if (table := clearing(each.tree))}
    for operator in operators(index):
        found = _of_operator(index, operator.name, operator.call)
        if found and not _is_fine(index, operator.call, operator.function, cleared):
            yield finding("append-write", index, operator.call, f"{operator.task_id} {found}.", _WHY, _FIX)
    for task, where, function in in_tasks(subject):
        for call in where.calls_in(function):
            found = _of_call(where, call, function)
            if found and not _is_fine(where, call, function, cleared):
                yield finding("append-write", where, call, f"{task.name} {found}.", _WHY, _FIX)


def _of_operator(index: Index, name: str, call: ast.Call) -> str:
    """What an operator does that adds, as a predicate; empty where it does not."""
    if name == "S3ToRedshiftOperator":
        method = keyword(call, "method")
        if method is None or literal(method) == "APPEND":
            return "copies into the table with the method APPEND" + ("" if method else ", its default")
        return ""
    for each in call.keywords:
        if each.arg in ("write_disposition", "configuration", "if_exists", "source_format") and _asks(
            index, each.value
        ):
            return f"adds to the table: {each.arg} has {_asks(index, each.value)}"
    return ""


def _asks(index: Index, node: ast.expr) -> str:
    for each in ast.walk(node):
        if literal(each) == "WRITE_APPEND" or (isinstance(each, ast.Attribute) and each.attr == "WRITE_APPEND"):
            return "WRITE_APPEND"
        if isinstance(each, ast.Name) and index.home.get(each) is None and each.id in index.bindings.get(None, {}):
            values = index.bindings[None][each.id]
            if len(values) == 1 and literal(values[0]) == "WRITE_APPEND":
                return "WRITE_APPEND"
    return ""


def _of_call(index: Index, call: ast.Call, function: Function) -> str:
    name = last_name(call.func)
    if name in _WRITERS:
        if literal(keyword(call, "if_exists", "if_table_exists", "mode")) == "append" or _after_append(call.func):
            return f"adds to what is there with {name}"
    elif name in ("LoadJobConfig", "QueryJobConfig", "insert_job", "run_load", "run_query"):
        if any(_asks(index, each.value) for each in call.keywords):
            return "runs a job with WRITE_APPEND"
    elif name == "insert_rows" and isinstance(call.func, ast.Attribute):
        replace = keyword(call, "replace")
        if not (isinstance(replace, ast.Constant) and replace.value) and len(call.args) + len(call.keywords) > 1:
            return "inserts rows with insert_rows, which does not replace them"
    elif name in ("insert_rows_json", "insert_all"):
        return f"streams rows into the table with {name}"
    elif name == "open" and mode_of(call).startswith("a"):
        return f"opens {text_of(index, argument(call, 0, 'file'), function).replace(UNKNOWN, '...')} for appending"
    return ""


def _after_append(node: ast.expr) -> bool:
    """True for ``frame.write.mode("append").save``."""
    while isinstance(node, ast.Attribute | ast.Call):
        if isinstance(node, ast.Call):
            if last_name(node.func) == "mode" and literal(argument(node, 0, "saveMode")) == "append":
                return True
            node = node.func
        else:
            node = node.value
    return False


def _is_fine(index: Index, call: ast.Call, function: Function | None, cleared: set[str]) -> bool:
    """True where the target is temporary, is a log, or is cleared in the same file."""
    target = argument(call, -1, *_TARGETS) or argument(call, 0)
    text = text_of(index, target, function)
    if target is not None and _is_scratch(index, target, function, _DEEP):
        return True
    if is_temporary(text) or _LOGS.search(text):
        return True
    table = text.replace("`", "").split("$")[0].rpartition(".")[2].lower()
    return table in cleared


def _is_scratch(index: Index, node: ast.AST, function: Function | None, depth: int) -> bool:
    """True where a path begins in a folder or a file of ``tempfile``, which each try makes anew."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and index.dotted(each.func).startswith("tempfile."):
            return True
        values = index.bound(each.id, function) if isinstance(each, ast.Name) and depth else ()
        if any(_is_scratch(index, value, function, depth - 1) for value in values):
            return True
    return False


RULES = (
    Rule(
        "append-write", "file", WARNING, "a write adds to what is there, and a retry adds once more", TEXT, append_write
    ),
)
