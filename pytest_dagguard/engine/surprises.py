"""Whether the code that runs while a file loads asks for the time, for chance, or for the machine's name.

What such code makes may differ from load to load, with nothing having changed. Read from the source, and on the safe
side: a function counts as run at the load unless it is plain that only a task runs it.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

CLOCK = frozenset(
    [
        "now",
        "today",
        "utcnow",
        "yesterday",
        "tomorrow",
        "time_ns",
        "monotonic",
        "monotonic_ns",
        "perf_counter",
        "perf_counter_ns",
        "localtime",
        "gmtime",
        "ctime",
        "asctime",
        "days_ago",
        "uuid1",
        "uuid4",
        "getnode",
        "urandom",
        "getpid",
        "getppid",
        "gethostname",
        "uname",
        "getuser",
        "getlogin",
    ]
)
"""Last names of what gives another answer each time."""
MODULES = frozenset({"random", "secrets", "uuid", "platform", "getpass", "tempfile"})
"""Modules of which anything may."""
_WORDS = re.compile(r"\b(time|" + "|".join(sorted(CLOCK | MODULES)) + r")\b")
_LATER = re.compile(r"(python_callable|.*_callback|.*_fn|.*_callable)$")
"""Keywords that take a function to be called when the DAG runs."""
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def surprising(text: str) -> bool:
    """Say whether the code of a file that runs when it is imported, or may do so, asks for such a thing."""
    if not _WORDS.search(text):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    later = _run_later(tree)
    names = _imported(tree)
    return any(_asks(node, names) for node in _at_load(tree, later))


def _run_later(tree: ast.Module) -> set[ast.AST]:
    """The functions that only a task runs: by their decorator, or as nothing but the callable of one."""
    handed_over = {
        id(each.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for each in node.keywords
        if each.arg and _LATER.match(each.arg)
    }
    used: dict[str, bool] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            used[node.id] = used.get(node.id, True) and id(node) in handed_over
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, _Function):
            if node.decorator_list:
                if any(_is_task(each) for each in node.decorator_list):
                    found.add(node)
            elif used.get(node.name) and node in tree.body:
                found.add(node)
    return found


def _is_task(decorator: ast.expr) -> bool:
    """``@task``, ``@task.branch``, with or without arguments."""
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id == "task"


def _imported(tree: ast.Module) -> frozenset[str]:
    """Names, as this file calls them, of what such modules have."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {each.asname or each.name for each in node.names if each.name in MODULES}
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            found |= {each.asname or each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {each.asname or each.name for each in node.names if each.name in CLOCK}
    return frozenset(found)


def _at_load(tree: ast.Module, later: set[ast.AST]) -> Iterator[ast.AST]:
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        yield node
        if node in later and isinstance(node, _Function):
            stack += [*node.decorator_list, *node.args.defaults, *(each for each in node.args.kw_defaults if each)]
        elif not isinstance(node, ast.Import | ast.ImportFrom):
            stack += ast.iter_child_nodes(node)


def _asks(node: ast.AST, names: frozenset[str]) -> bool:
    if isinstance(node, ast.Call) and not node.args and not node.keywords:
        # time(3, 0) is a time of day, time() the clock
        called = node.func
        if (called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")) == "time":
            return True
    if isinstance(node, ast.Attribute):
        return node.attr in CLOCK or node.attr == "random"
    return isinstance(node, ast.Name) and (node.id in names or node.id in CLOCK)
