"""Rules about the names that tasks write to."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import WARNING, Rule, Subject
from pytest_dagguard.rules._source.clock import differs
from pytest_dagguard.rules._source.index import Function, Index, index_of, keyword, last_name, parameters
from pytest_dagguard.rules._source.tasks import in_tasks, operators, reached, task_functions
from pytest_dagguard.rules._source.tell import finding
from pytest_dagguard.rules._source.texts import is_temporary, literal, text_of
from pytest_dagguard.rules._source.writes import Write, operator_writes, writes_in

TEXT = """\
What it does
  Looks for a uuid, a random number or the clock in the key, path or table that a task writes to; also where the name
  is made a few lines or a function call earlier. Temporary names, names that are renamed or removed afterwards, and a
  random default that no caller leaves to chance are no findings.

Why is this bad
  A retry makes another name, so it writes beside what the first try left instead of over it. Whoever reads the folder
  reads both. BBC Datalab's training data doubled in that way.

Example
  s3.put_object(Bucket="clean", Key=f"ds={ds}/part-{uuid4()}.parquet", Body=body)

Use instead
  s3.put_object(Bucket="clean", Key=f"ds={ds}/part-0.parquet", Body=body)     # the same name in every try
"""
_WHY = (
    "Each try makes another name, so a retry writes beside what the killed try left instead of over it, and readers of "
    "the folder see both."
)
_FIX = 'Make the name from the run: f"ds={ds}/part-{index}.csv" with ds, run_id or map_index.'
_MOVERS = ("rename", "move", "replace", "copy", "copy_object", "delete", "delete_object", "remove", "unlink", "rmtree")
_DEEP = 5


def random_output_key(subject: Subject) -> Iterator[Finding]:
    """Writes to a name that the next try does not make again."""
    if subject.source is None:
        return
    told: set[int] = set()
    every = {id(function) for _, _, function in in_tasks(subject)}
    for task in task_functions(subject):
        functions = reached(subject, task)
        others = frozenset(every - {id(function) for _, function in functions})
        for index, function in functions:
            for write in writes_in(index, function):
                if id(write.call) not in told:
                    found = list(_judged(write, task.name, others))
                    told.update(id(write.call) for _ in found)
                    yield from found
    index = index_of(subject.source)
    for operator in operators(index):
        for write in operator_writes(operator):
            yield from _judged(write, operator.task_id, frozenset())


def _judged(write: Write, task: str, others: frozenset[int]) -> Iterator[Finding]:
    made = _source(write.index, write.target, write.function, _Way(others))
    if made is None or _is_temporary(write) or _is_moved(write):
        return
    message = f"{task} writes to a name that {ast.unparse(made.func)}() makes anew in each try."
    yield finding("random-output-key", write.index, write.call, message, _WHY, _FIX)


def _is_temporary(write: Write) -> bool:
    """True where the name, or a variable in it, says that what bears it is not to stay."""
    names = (each.id for each in ast.walk(write.target) if isinstance(each, ast.Name))
    return is_temporary(text_of(write.index, write.target, write.function)) or any(map(is_temporary, names))


@dataclass(frozen=True, slots=True)
class _Way:
    """How a value was followed so far.

    :param others: ids of the functions that other tasks alone reach: what these give does not come here
    :param followed: names
    """

    others: frozenset[int]
    followed: frozenset[str] = frozenset()


def _source(index: Index, node: ast.AST, function: Function | None, way: _Way) -> ast.Call | None:
    """The call by which the value of an expression differs from try to try; None where there is none."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and differs(index, each):
            return each
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load):
            if each.id in way.followed or len(way.followed) >= _DEEP:
                continue
            found = _behind(index, each, function, replace(way, followed=way.followed | {each.id}))
            if found is not None:
                return found
    return None


def _behind(index: Index, name: ast.Name, function: Function | None, way: _Way) -> ast.Call | None:
    """The differing call behind a name: what was bound to it, or what callers give for it."""
    given = _given(index, name.id, function, way.others)
    values = index.bound(name.id, function)
    if given is not None:
        values = [each for each in values if not _is_left_out(index, name.id, function)] + given
    for value in values:
        if isinstance(value, ast.Call) and last_name(value.func) in ("open", "client", "resource"):
            continue
        found = _source(index, value, function, way)
        if found is not None:
            return found
    return None


def _given(index: Index, name: str, function: Function | None, others: frozenset[int]) -> list[ast.expr] | None:
    """What the calls in this file give for a parameter; None where the name is no parameter.

    :param others: ids of functions whose calls do not count
    """
    if function is None or isinstance(function, ast.Lambda) or name not in parameters(function):
        return None
    position = parameters(function).index(name)
    found = []
    for call in (each for caller, calls in index.calls.items() if id(caller) not in others for each in calls):
        if last_name(call.func) == function.name:
            value = keyword(call, name) or (call.args[position] if position < len(call.args) else None)
            if value is not None:
                found.append(value)
    return found


def _is_left_out(index: Index, name: str, function: Function | None) -> bool:
    """True where each call in this file gives the parameter, so that its fallback is never used."""
    if function is None or isinstance(function, ast.Lambda):
        return False
    calls = [each for each in index.every_call() if last_name(each.func) == function.name]
    position = parameters(function).index(name)
    return bool(calls) and all(keyword(each, name) is not None or len(each.args) > position for each in calls)


def _is_moved(write: Write) -> bool:
    """True where what was written under that name is renamed or removed in the same function."""
    names = {each.id for each in ast.walk(write.target) if isinstance(each, ast.Name)}
    for call in write.index.calls_in(write.function):
        if call is write.call or last_name(call.func) not in _MOVERS:
            continue
        used = {each.id for each in ast.walk(call) if isinstance(each, ast.Name)}
        if names & used - {"self", "ds", "bucket", last_name(call.func)} and _whole(write.target, call):
            return True
    return False


def _whole(target: ast.expr, call: ast.Call) -> bool:
    """True where a call is about the very name that is written to, and not about a part of it."""
    wanted = ast.dump(target)
    return literal(target) is None and any(ast.dump(each) == wanted for each in ast.walk(call))


RULES = (
    Rule(
        "random-output-key",
        "file",
        WARNING,
        "a task writes to a name that the next try does not make again",
        TEXT,
        random_output_key,
    ),
)
