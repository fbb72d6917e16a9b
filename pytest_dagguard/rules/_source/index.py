"""One walk over a syntax tree, kept: its calls, functions, imports and constants, each with the function it is in."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass, field

from pytest_dagguard.model.rule import Source

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
"""What has a body of its own. The calls in it are not those of the function around it."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_KEPT = 256


@dataclass(slots=True, eq=False)
class Index:
    """What is in one file. Made by :func:`index_of`, and read only.

    :param parents: node -> the node around it
    :param calls: function (None for the module itself) -> the calls in it, in the order of the file
    :param names: function -> names that it reads
    :param bindings: function -> name -> the values that are bound to it
    :param functions: name, or ``Class.name``, -> functions of that name, in the order of the file
    :param classes: name -> class
    :param imports: local name -> dotted name; a relative import begins with its dots
    :param lambdas: function -> the lambdas in it
    :param home: node of a call, name or function -> the function it is in
    """

    source: Source
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    calls: dict[Function | None, list[ast.Call]] = field(default_factory=dict)
    names: dict[Function | None, list[ast.Name]] = field(default_factory=dict)
    bindings: dict[Function | None, dict[str, list[ast.expr]]] = field(default_factory=dict)
    functions: dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    lambdas: dict[Function | None, list[ast.Lambda]] = field(default_factory=dict)
    home: dict[ast.AST, Function | None] = field(default_factory=dict)

    def every_call(self) -> Iterator[ast.Call]:
        """Every call of the file."""
        for each in self.calls.values():
            yield from each

    def calls_in(self, function: Function | None) -> Iterator[ast.Call]:
        """The calls of a function and of the lambdas in it."""
        yield from self.calls.get(function, ())
        for each in self.lambdas.get(function, ()):
            yield from self.calls_in(each)

    def names_in(self, function: Function | None) -> Iterator[ast.Name]:
        """The names that a function and the lambdas in it read."""
        yield from self.names.get(function, ())
        for each in self.lambdas.get(function, ()):
            yield from self.names_in(each)

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around a node, from the inside out."""
        each = self.parents.get(node)
        while each is not None:
            yield each
            each = self.parents.get(each)

    def bound(self, name: str, function: Function | None) -> list[ast.expr]:
        """What is bound to a name where a function reads it: in the function, in those around it, in the module."""
        while function is not None:
            found = self.bindings.get(function, {}).get(name)
            if found is not None:
                return found
            if name in parameters(function):
                return []
            function = self.home.get(function)
        return self.bindings.get(None, {}).get(name, [])

    def dotted(self, node: ast.AST) -> str:
        """The dotted name that an expression stands for, after the imports; empty where it is none.

        ``pd.read_csv`` is ``pandas.read_csv`` where ``import pandas as pd`` was said.
        """
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        parts.append(self.imports.get(node.id, node.id))
        return ".".join(reversed(parts))

    def imported(self, node: ast.AST) -> bool:
        """True for a name, or an attribute of one, that an import of this file brings."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and node.id in self.imports


def parameters(function: Function) -> list[str]:
    """The names of a function's parameters, in order; ``*args`` and ``**kwargs`` come last."""
    args = function.args
    named = [each.arg for each in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    return named + [each.arg for each in (args.vararg, args.kwarg) if each]


def keyword(call: ast.Call, *names: str) -> ast.expr | None:
    """The value of the first of these keywords that a call has."""
    for name in names:
        for each in call.keywords:
            if each.arg == name:
                return each.value
    return None


def argument(call: ast.Call, position: int, *names: str) -> ast.expr | None:
    """The value of a keyword, or else of a position; None where the call has neither, or unpacks a sequence."""
    value = keyword(call, *names)
    if value is None and 0 <= position < len(call.args) and not isinstance(call.args[position], ast.Starred):
        value = call.args[position]
    return value


def last_name(node: ast.expr) -> str:
    """The last part of what is called: ``put_object`` of ``client.put_object``."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


@functools.lru_cache(maxsize=_KEPT)
def index_of(source: Source) -> Index:
    """The index of a source; an empty one where Python cannot read the file."""
    index = Index(source)
    if source.tree is not None:
        _walk(index, source.tree)
    return index


def _walk(index: Index, tree: ast.Module) -> None:
    stack: list[tuple[ast.AST, Function | None]] = [(tree, None)]
    while stack:
        node, function = stack.pop()
        _note(index, node, function)
        inner = node if isinstance(node, _FUNCTIONS) else None
        body = _body(inner) if inner is not None else ()
        children = list(ast.iter_child_nodes(node))
        for child in reversed(children):
            if child._fields:
                index.parents[child] = node
                stack.append((child, inner if inner is not None and child in body else function))


def _body(function: Function) -> set[ast.AST]:
    return {function.body} if isinstance(function, ast.Lambda) else set(function.body)


def _note(index: Index, node: ast.AST, function: Function | None) -> None:
    if isinstance(node, ast.Call):
        index.calls.setdefault(function, []).append(node)
        index.home[node] = function
    elif isinstance(node, ast.Name):
        index.home[node] = function
        if isinstance(node.ctx, ast.Load):
            index.names.setdefault(function, []).append(node)
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr | ast.With | ast.AsyncWith):
        _bind(index.bindings.setdefault(function, {}), node)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        index.home[node] = function
        around = index.parents.get(node)
        name = f"{around.name}.{node.name}" if isinstance(around, ast.ClassDef) else node.name
        index.functions.setdefault(name, []).append(node)
    elif isinstance(node, ast.Lambda):
        index.home[node] = function
        index.lambdas.setdefault(function, []).append(node)
    elif isinstance(node, ast.ClassDef):
        index.classes[node.name] = node
    elif isinstance(node, ast.Import):
        for each in node.names:
            index.imports[each.asname or each.name.partition(".")[0]] = (
                each.name if each.asname else each.name.partition(".")[0]
            )
    elif isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        joint = "" if module.endswith(".") or not module else "."
        for each in node.names:
            index.imports[each.asname or each.name] = f"{module}{joint}{each.name}"


def _bind(names: dict[str, list[ast.expr]], node: ast.AST) -> None:
    if isinstance(node, ast.With | ast.AsyncWith):
        for item in node.items:
            if isinstance(item.optional_vars, ast.Name):
                names.setdefault(item.optional_vars.id, []).append(item.context_expr)
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                names.setdefault(target.id, []).append(node.value)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and isinstance(node.target, ast.Name) and node.value:
        names.setdefault(node.target.id, []).append(node.value)
