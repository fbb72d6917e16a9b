"""Rules about what tasks delete."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import ERROR, Rule, Subject
from pytest_dagguard.rules._source.index import Function, Index, argument, index_of, keyword, last_name
from pytest_dagguard.rules._source.tasks import Operator, in_tasks, operators
from pytest_dagguard.rules._source.tell import finding
from pytest_dagguard.rules._source.texts import is_temporary, literal, shown, text_of, varies

TEXT = """\
What it does
  Looks for a recursive delete of a prefix or folder that has nothing of the run in it: no date, no run id, nothing
  that is only known at run time. Temporary folders, teardown tasks and tasks with trigger_rule="all_done" are no
  findings.

Why is this bad
  Every run deletes what all runs before it have left. A backfill of one day, or a second run at the same time, takes
  away the results of the others. BBC Datalab mended its doubled training data by clearing the target first; clearing
  must be limited to what the run itself writes.

Example
  S3DeleteObjectsOperator(task_id="clear", bucket="clean", prefix="sales/")

Use instead
  S3DeleteObjectsOperator(task_id="clear", bucket="clean", prefix="sales/ds={{ ds }}/")
"""
_WHY = "Every run deletes what all other runs have left there; a backfill of one day takes away the other days."
_FIX = "Put what belongs to the run into the prefix, such as ds={{ ds }}/, and delete that only."
_OPERATORS = ("S3DeleteObjectsOperator", "GCSDeleteObjectsOperator", "S3DeleteObjects", "GCSDeleteObjects")
_SHELL = re.compile(
    r"(?:gsutil(?:\s+-\S+)*\s+rm\s+(?:-\S+\s+)*-[a-z]*r\S*|gcloud\s+storage\s+rm\s+(?:-\S+\s+)*(?:-r|--recursive)|"
    r"aws\s+s3\s+rm\s+--recursive|hadoop\s+fs\s+-rm\s+-r|hdfs\s+dfs\s+-rm\s+-r)\s+(?:-\S+\s+)*(?P<path>[^\s;&|]+)|"
    r"aws\s+s3\s+rm\s+(?P<last>[^\s;&|]+)\s+--recursive"
)
_REMOTE = re.compile(r"^(s3a?|gs|abfss?|hdfs|dbfs)://", re.IGNORECASE)


def delete_target_not_scoped(subject: Subject) -> Iterator[Finding]:
    """Recursive deletes of what does not belong to the run alone."""
    if subject.source is None:
        return
    index = index_of(subject.source)
    for operator in operators(index):
        if not _tidies_up(index, operator):
            for node, text in _operator_targets(index, operator):
                yield from _judged(index, node, text, operator.task_id)
    for task, where, function in in_tasks(subject):
        if task.kind == "task" and _is_teardown(task.function):
            continue
        for call in where.calls_in(function):
            target = _target(where, call)
            if target is not None:
                yield from _judged(where, call, text_of(where, target, function), task.name)


def _judged(index: Index, node: ast.AST, text: str, task: str) -> Iterator[Finding]:
    if varies(text) or is_temporary(text) or not text.strip("/ "):
        return
    message = f"{task} deletes everything below {shown(text)}, which is the same for every run."
    yield finding("delete-target-not-scoped", index, node, message, _WHY, _FIX, resource=text)


def _operator_targets(index: Index, operator: Operator) -> Iterator[tuple[ast.AST, str]]:
    if operator.name in _OPERATORS:
        prefix = operator.argument("prefix")
        if prefix is not None and operator.argument("from_datetime", "to_datetime") is None:
            bucket = operator.argument("bucket", "bucket_name")
            text = text_of(index, prefix, operator.function)
            yield operator.call, text and f"{text_of(index, bucket, operator.function)}/{text}" if bucket else text
    for each in operator.call.keywords:
        if each.arg in ("bash_command", "command", "cmds", "arguments"):
            for found in _SHELL.finditer(_shell(index, each.value, operator.function)):
                yield each.value, (found["path"] or found["last"]).strip("'\"")


def _shell(index: Index, node: ast.expr, function: Function | None) -> str:
    if isinstance(node, ast.List | ast.Tuple):
        return " ".join(text_of(index, each, function) for each in node.elts)
    return text_of(index, node, function).replace("{{ ", "{{").replace(" }}", "}}")


def _target(index: Index, call: ast.Call) -> ast.expr | None:
    """What a call deletes with all that is below it; None where it does not delete in that way."""
    name = last_name(call.func)
    if index.dotted(call.func) == "shutil.rmtree":
        path = argument(call, 0, "path")
        return path if path is not None and _REMOTE.match(text_of(index, path, None)) else None
    if name in ("rm", "delete", "rmdir", "remove") and _is_true(keyword(call, "recursive")):
        return argument(call, 0, "path", "prefix")
    if name == "delete" and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):
        listed = call.func.value  # bucket.objects.filter(Prefix="sales/").delete()
        return keyword(listed, "Prefix") if last_name(listed.func) == "filter" else None
    if name in ("delete_blobs", "delete_objects", "delete_prefix"):
        return _listed(index, call)
    return None


def _listed(index: Index, call: ast.Call) -> ast.expr | None:
    """The prefix of the listing whose every entry a call deletes."""
    function = index.home.get(call)
    for value in (*call.args, *(each.value for each in call.keywords)):
        nodes = [value]
        nodes += index.bound(value.id, function) if isinstance(value, ast.Name) else []
        for node in nodes:
            for each in ast.walk(node):
                if isinstance(each, ast.Call) and last_name(each.func) in ("list_blobs", "list_keys", "list_prefixes"):
                    return keyword(each, "prefix", "Prefix")
    return None


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _tidies_up(index: Index, operator: Operator) -> bool:
    """True for a task that is made to clean up: it runs however the run ends."""
    rule = operator.argument("trigger_rule")
    if rule is not None and (literal(rule) == "all_done" or getattr(rule, "attr", "") == "ALL_DONE"):
        return True
    return any(isinstance(each, ast.Attribute) and each.attr == "as_teardown" for each in index.around(operator.call))


def _is_teardown(function: Function) -> bool:
    decorators = [] if isinstance(function, ast.Lambda) else function.decorator_list
    for each in decorators:
        if last_name(each.func if isinstance(each, ast.Call) else each) == "teardown":
            return True
        if isinstance(each, ast.Call):
            rule = keyword(each, "trigger_rule")
            if rule is not None and (literal(rule) == "all_done" or getattr(rule, "attr", "") == "ALL_DONE"):
                return True
    return False


RULES = (
    Rule(
        "delete-target-not-scoped",
        "file",
        ERROR,
        "a recursive delete takes away what other runs have left",
        TEXT,
        delete_target_not_scoped,
    ),
)
