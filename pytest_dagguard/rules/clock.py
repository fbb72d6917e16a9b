"""Rules about the clock: what a task does must follow from the run's date, not from when it happens to run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import WARNING, Rule, Subject
from pytest_dagguard.rules._source.clock import reads_clock
from pytest_dagguard.rules._source.index import Function, Index, index_of, last_name
from pytest_dagguard.rules._source.tasks import Operator, in_tasks, operators
from pytest_dagguard.rules._source.tell import finding
from pytest_dagguard.rules._source.texts import is_temporary, literal, text_of

TEXT = """\
What it does
  Looks for calls that read the clock (datetime.now(), date.today(), time.time(), pendulum.now() and the like) in what
  a task runs, also in the functions that it calls, and in templates and shell commands. A clock that is only logged,
  measured with, waited for, or noted beside the data (loaded_at) is no finding.

Why is this bad
  A retry after midnight, a task that is cleared the next morning and a backfill all run at another time than the run
  they belong to. A task that takes its date from the clock then reads and writes another day's partition: one day is
  missing, another one is there twice.

Example
  @task
  def load():
      day = datetime.now().strftime("%Y-%m-%d")
      copy(f"raw/{day}.csv", f"clean/{day}.csv")

Use instead
  @task
  def load(ds=None):                            # the logical date of the run, the same in every try
      copy(f"raw/{ds}.csv", f"clean/{ds}.csv")
"""
_WHY = (
    "A retry after midnight, a task that is cleared the next morning and a backfill read another time here than the "
    "first try did, so they work on another day's data."
)
_FIX = "Take the date from the run: the parameters ds, logical_date and data_interval_start, or {{ ds }} in a template."
_LOGS = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print", "echo"})
_METRICS = frozenset({"gauge", "timing", "incr", "histogram", "observe", "record", "set_attribute", "log_metric"})
_WAITS = frozenset({"sleep", "wait", "wait_for", "seed"})
_NOTED = re.compile(
    r"(^|_)(created|updated|modified|loaded|inserted|ingested|processed|generated|extracted|exported|imported|started|"
    r"ended|finished|completed|fetched|scraped|synced|uploaded|downloaded|published|refreshed|checked|executed|recorded|"
    r"submitted|triggered|retrieved|seen)_?(at|on|ts|time|date|datetime|timestamp|utc)?$|"
    r"^_?(timestamp|ts|last_(run|update|check|sync|refresh|load)\w*|date_(created|updated|modified))$",
    re.IGNORECASE,
)
"""Names under which a time is noted beside the data."""
_MEASURED = re.compile(r"(start|began|begin|end|time|t0|elapsed|duration|deadline|last)", re.IGNORECASE)
"""Attributes in which a time is kept to measure with."""
_OFFSETS = frozenset({"timedelta", "relativedelta", "duration", "DateOffset", "Timedelta", "BDay", "total_seconds"})
_DEEP = 5
_SHELL_CLOCK = re.compile(r"(\$\(\s*|`\s*)date\b(?![^)`]*(-d|--date))")
_TEMPLATE_CLOCK = re.compile(r"\{\{[^}]*\b(?:datetime\.(?:now|utcnow|today)|time\.time|pendulum\.now)\s*\([^}]*\}\}")


def clock_in_task(subject: Subject) -> Iterator[Finding]:
    """Calls that read the clock in what the tasks of a file run."""
    if subject.source is None:
        return
    told: set[tuple[str, int]] = set()
    for task, index, function in in_tasks(subject):
        for call in index.calls_in(function):
            place = (index.source.name, call.lineno)
            if place not in told and reads_clock(index, call) and _matters(index, call, function, frozenset()):
                told.add(place)
                read = f"{ast.unparse(call.func)}()"
                yield finding("clock-in-task", index, call, f"{read} decides what {task.name} does.", _WHY, _FIX)
    index = index_of(subject.source)
    for operator in operators(index):
        yield from _in_arguments(operator, index)


def _in_arguments(operator: Operator, index: Index) -> Iterator[Finding]:
    for each in operator.call.keywords:
        if each.arg in ("doc_md", "doc"):
            continue
        text = text_of(index, each.value, operator.function)
        found = _TEMPLATE_CLOCK.search(text)
        if found is None and each.arg in ("bash_command", "command"):
            lines = [line for line in text.splitlines() if not line.lstrip().startswith(("echo ", "printf ", "#"))]
            found = _SHELL_CLOCK.search("\n".join(lines))
        if found is not None:
            message = f"The argument {each.arg} of {operator.task_id} reads the clock when it runs."
            yield finding("clock-in-task", index, each.value, message, _WHY, _FIX)


def _matters(index: Index, node: ast.AST, function: Function, followed: frozenset[str], picked: bool = False) -> bool:
    """Say whether more than a log line, a measurement or a note comes of a value.

    :param followed: the names through which it was followed already
    :param picked: a part of it was taken, as in ``now().hour``
    """
    child, parent = node, index.parents.get(node)
    handed_on = False
    while parent is not None:
        if isinstance(parent, ast.Call) and child is not parent.func:
            known = _argument(parent)
            if known is not None:
                return known
            handed_on = True
        elif isinstance(parent, ast.Attribute):
            picked = picked or parent.attr in ("hour", "minute", "day", "month", "year", "weekday", "isoweekday")
        elif isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Sub):
            other = parent.right if child is parent.left else parent.left
            if not _is_offset(index, other, function):
                return False
        elif isinstance(parent, ast.Compare | ast.If | ast.While):
            return picked
        elif isinstance(parent, ast.keyword | ast.Dict) and _is_noted(parent, child):
            return False
        elif isinstance(parent, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            return _assigned(index, parent, function, followed, picked)
        elif isinstance(parent, ast.stmt):
            return handed_on if isinstance(parent, ast.Expr) else not isinstance(parent, ast.Assert | ast.Raise)
        child, parent = parent, index.parents.get(parent)
    return False


def _argument(call: ast.Call) -> bool | None:
    """What comes of a value that is an argument: False for a log or a wait, None where the call hands it on."""
    name = last_name(call.func)
    if name in _LOGS or name in _METRICS or name in _WAITS:
        return False
    said = (literal(each) for each in (*call.args, *(each.value for each in call.keywords)))
    if any(each is not None and _NOTED.search(each) for each in said):
        return False  # store.set("loaded_at", now())
    if name[:1].islower() and name not in ("put", "write", "send", "append", "execute", "run", "query"):
        return None
    return True


def _is_noted(around: ast.keyword | ast.Dict, child: ast.AST) -> bool:
    """True where a value stands under the name of a note: ``loaded_at=now()``, ``{"loaded_at": now()}``."""
    if isinstance(around, ast.keyword):
        return around.arg is not None and bool(_NOTED.search(around.arg))
    for key, value in zip(around.keys, around.values, strict=True):
        if value is child:
            name = literal(key)
            return name is not None and bool(_NOTED.search(name))
    return False


def _is_offset(index: Index, node: ast.expr, function: Function) -> bool:
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.BinOp):
        return _is_offset(index, node.left, function) or _is_offset(index, node.right, function)
    if isinstance(node, ast.Name):
        values = index.bound(node.id, function)
        return len(values) == 1 and not isinstance(values[0], ast.Name) and _is_offset(index, values[0], function)
    return isinstance(node, ast.Call) and last_name(node.func) in _OFFSETS


def _assigned(
    index: Index,
    node: ast.Assign | ast.AnnAssign | ast.NamedExpr,
    function: Function,
    followed: frozenset[str],
    picked: bool,
) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        if isinstance(target, ast.Attribute):
            if not _NOTED.search(target.attr) and not _MEASURED.search(target.attr):
                return True
        elif isinstance(target, ast.Subscript):
            name = literal(target.slice)
            if name is None or not _NOTED.search(name):
                return True
        elif isinstance(target, ast.Name):
            if target.id in followed or len(followed) >= _DEEP or is_temporary(target.id):
                continue
            uses = (each for each in index.names_in(function) if each.id == target.id)
            if any(_matters(index, each, function, followed | {target.id}, picked) for each in uses):
                return True
        else:
            return True
    return isinstance(node, ast.NamedExpr) and _matters(index, node, function, followed, picked)


RULES = (
    Rule(
        "clock-in-task",
        "file",
        WARNING,
        "a task reads the clock where it should take the run's date",
        TEXT,
        clock_in_task,
    ),
)
