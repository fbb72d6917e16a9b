"""Which functions are run by tasks, and which functions those reach."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pytest_dagguard.model.rule import Repository, Source, Subject
from pytest_dagguard.rules._source.index import Function, Index, index_of, keyword, last_name

_KEPT = 1024
_FAR = 300
"""No task of a file that people wrote reaches more functions than that; a file that a program wrote might."""
_ROOTS = ("dags", "plugins", "src", "lib", "include")
_METHODS = ("execute", "poke", "execute_complete", "choose_branch")
_CALLABLES = ("python_callable", "sql_callable", "response_check", "response_filter", "selector_fn")


@dataclass(frozen=True, slots=True)
class TaskFunction:
    """A function that a task runs.

    :param kind: ``task`` and its flavours (``task.docker``), ``python_callable`` and the like, or ``execute``
    """

    name: str
    kind: str
    index: Index
    function: Function


@dataclass(frozen=True, slots=True)
class Operator:
    """A call that makes an operator or a sensor.

    :param name: of its class
    """

    name: str
    call: ast.Call
    index: Index
    function: Function | None

    @property
    def task_id(self) -> str:
        """Its task id where that is a plain text; else the class's name."""
        value = keyword(self.call, "task_id")
        return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else self.name

    def argument(self, *names: str) -> ast.expr | None:
        """The value of the first of these arguments that it was given."""
        return keyword(self.call, *names)


@dataclass(frozen=True, slots=True, eq=False)
class _Repository:
    """A repository as a key: the same where its sources are the same object, so that what was found out is kept."""

    repository: Repository

    def __hash__(self) -> int:
        return id(self.repository.sources)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Repository) and other.repository.sources is self.repository.sources


@functools.lru_cache(maxsize=_KEPT)
def operators(index: Index) -> tuple[Operator, ...]:
    """The operators and sensors that a file makes; the class's name or a ``task_id`` tells them."""
    return tuple(_operators(index))


def _operators(index: Index) -> Iterator[Operator]:
    for function, calls in index.calls.items():
        for call in calls:
            made = call.func
            if isinstance(made, ast.Attribute) and made.attr == "partial":
                made = made.value
            name = last_name(made)
            if name.endswith(("Operator", "Sensor", "SensorAsync")) or (
                name[:1].isupper() and keyword(call, "task_id") is not None
            ):
                yield Operator(name, call, index, function)


def task_functions(subject: Subject) -> tuple[TaskFunction, ...]:
    """The functions that the tasks of a file run: decorated, given to an operator, or an operator's own method."""
    if subject.source is None or subject.source.tree is None:
        return ()
    return _tasks_of(_Repository(subject.repository), index_of(subject.source))


@functools.lru_cache(maxsize=_KEPT)
def _tasks_of(key: _Repository, index: Index) -> tuple[TaskFunction, ...]:
    return tuple(_task_functions(key.repository, index))


def _task_functions(repository: Repository, index: Index) -> Iterator[TaskFunction]:
    for name, each in index.functions.items():
        for function in each:
            kind = _decorated(index, function)
            if kind:
                yield TaskFunction(function.name, kind, index, function)
            elif function.name in _METHODS and _is_operator(index, name):
                yield TaskFunction(name, "execute", index, function)
    yield from _elsewhere(repository, index)
    yield from _own_operators(repository, index)
    for operator in operators(index):
        for given in _CALLABLES:
            value = operator.argument(given)
            if value is None:
                continue
            for where, run in _resolve(repository, index, value):
                name = operator.task_id if isinstance(run, ast.Lambda) else run.name
                yield TaskFunction(name, given, where, run)


def _elsewhere(repository: Repository, index: Index) -> Iterator[TaskFunction]:
    """Task functions that are decorated in another module of the repository and called in this file."""
    seen: set[int] = set()
    for call in index.every_call():
        made = call.func
        if isinstance(made, ast.Attribute) and made.attr in ("expand", "partial", "override"):
            made = made.value
        if not index.imported(made):
            continue
        for where, function in _resolve(repository, index, made):
            kind = "" if isinstance(function, ast.Lambda) else _decorated(where, function)
            if kind and id(function) not in seen and not isinstance(function, ast.Lambda):
                seen.add(id(function))
                yield TaskFunction(function.name, kind, where, function)


def _own_operators(repository: Repository, index: Index) -> Iterator[TaskFunction]:
    """What the repository's own operators do that this file makes, where their classes are in other modules."""
    seen: set[str] = set()
    for operator in operators(index):
        made = operator.call.func
        made = made.value if isinstance(made, ast.Attribute) and made.attr == "partial" else made
        name = index.dotted(made)
        if name in seen or not index.imported(made):
            continue
        seen.add(name)
        module, _, cls = name.rpartition(".")
        source = module_source(repository, index.source, module)
        if source is not None:
            where = index_of(source)
            for method in _METHODS:
                for function in where.functions.get(f"{cls}.{method}", ()):
                    yield TaskFunction(f"{cls}.{method}", "execute", where, function)


def _decorated(index: Index, function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    for each in function.decorator_list:
        node = each.func if isinstance(each, ast.Call) else each
        parts = index.dotted(node).split(".")
        if parts[-1] in ("task", "setup", "teardown"):
            return "task"
        if len(parts) > 1 and parts[-2] == "task":
            return f"task.{parts[-1]}"
        if parts[-1] == "asset" and parts[0] == "airflow":
            return "asset"
    return ""


def _is_operator(index: Index, name: str) -> bool:
    owner = index.classes.get(name.partition(".")[0]) if "." in name else None
    return owner is not None and any(last_name(each).endswith(("Operator", "Sensor")) for each in owner.bases)


def reached(subject: Subject, task: TaskFunction) -> tuple[tuple[Index, Function], ...]:
    """A task's function and, transitively, what it names: functions of the file and of the repository's modules."""
    return _reached(_Repository(subject.repository), task.index, task.function)


@functools.lru_cache(maxsize=_KEPT)
def _reached(key: _Repository, index: Index, function: Function) -> tuple[tuple[Index, Function], ...]:
    queue: list[tuple[Index, Function]] = [(index, function)]
    found: dict[int, tuple[Index, Function]] = {}
    while queue and len(found) < _FAR:
        index, function = queue.pop(0)
        if id(function) not in found:
            found[id(function)] = (index, function)
            queue += _named(key, index, function)
    return tuple(found.values())


@functools.lru_cache(maxsize=_KEPT)
def _named(key: _Repository, index: Index, function: Function) -> tuple[tuple[Index, Function], ...]:
    """The functions that a function names itself."""
    found: list[tuple[Index, Function]] = []
    for name in index.names_in(function):
        found += _resolve(key.repository, index, name)
    for call in index.calls_in(function):
        found += _method(index, call, function)
        if isinstance(call.func, ast.Attribute) and index.imported(call.func):
            found += _resolve(key.repository, index, call.func)
    return tuple(found)


def in_tasks(subject: Subject) -> tuple[tuple[TaskFunction, Index, Function], ...]:
    """Each function that some task of the file reaches, once, with the first task that does."""
    found: dict[int, tuple[TaskFunction, Index, Function]] = {}
    for task in task_functions(subject):
        for index, function in reached(subject, task):
            found.setdefault(id(function), (task, index, function))
    return tuple(found.values())


def _method(index: Index, call: ast.Call, function: Function) -> Iterator[tuple[Index, Function]]:
    """The function behind ``self.name()``."""
    made = call.func
    if not (isinstance(made, ast.Attribute) and isinstance(made.value, ast.Name) and made.value.id in ("self", "cls")):
        return
    owner = next((each for each in index.around(function) if isinstance(each, ast.ClassDef)), None)
    if owner is not None:
        for each in index.functions.get(f"{owner.name}.{made.attr}", ()):
            yield index, each


def _resolve(repository: Repository, index: Index, node: ast.expr) -> list[tuple[Index, Function]]:
    """The functions that an expression may stand for."""
    if isinstance(node, ast.Lambda):
        return [(index, node)]
    if isinstance(node, ast.Call) and last_name(node.func) == "partial" and node.args:
        return _resolve(repository, index, node.args[0])
    if isinstance(node, ast.Name) and node.id in index.functions:
        return [(index, each) for each in index.functions[node.id]]
    if not index.imported(node):
        return []
    module, _, name = index.dotted(node).rpartition(".")
    source = module_source(repository, index.source, module)
    if source is None:
        return []
    other = index_of(source)
    return [(other, each) for each in other.functions.get(name, ())]


def module_source(repository: Repository, importer: Source, module: str) -> Source | None:
    """The repository's own file behind a module's name, looked for as its folders may be on the path.

    :param importer: the file that imports it
    :param module: dotted; begins with dots where the import is relative
    """
    return _module_source(_Repository(repository), importer.name, module)


@functools.lru_cache(maxsize=_KEPT)
def _module_source(key: _Repository, importer: str, module: str) -> Source | None:
    # Files are asked for by name, and never listed: a repository may have thousands, which are read when asked for.
    sources = key.repository.sources
    parts = [each for each in module.split(".") if each]
    level = len(module) - len(module.lstrip("."))
    folders = importer.split("/")[:-1]
    if not module:
        return None
    if level:
        return _file(sources, folders[: len(folders) - level + 1], parts)
    above = [folders[:count] for count in range(len(folders), -1, -1)]
    for folder in (*above, *([each] for each in _ROOTS)):
        found = _file(sources, folder, parts)
        if found is not None and found.name != importer:
            return found
    if len(parts) > 1 and parts[0] == key.repository.root.name:
        return _file(sources, [], parts[1:])
    return None


def _file(sources: Mapping[str, Source], folder: list[str], parts: list[str]) -> Source | None:
    path = "/".join((*folder, *parts))
    return sources.get(f"{path}.py") or sources.get(f"{path}/__init__.py" if path else "__init__.py")
