"""What a text in a source file will be, as far as the file says."""

from __future__ import annotations

import ast
import re

from pytest_dagguard.rules._source.index import Function, Index, argument, last_name

UNKNOWN = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands in a text for what only the run will know."""

_DEPTH = 8
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_PERCENT = re.compile(r"%(\(\w+\))?[-+0-9.]*[sdifr]")
_BRACES = re.compile(r"\{[\w.!:\[\]]*\}")
_TEMPORARY = re.compile(r"(^|[^a-z0-9])_*(tmp|temp|temporary|staging|stage|stg|scratch)s?([^a-z0-9]|$)", re.IGNORECASE)


def text_of(index: Index, node: ast.AST | None, function: Function | None, depth: int = _DEPTH) -> str:
    """The text of an expression, with :data:`UNKNOWN` for each part that the file does not tell.

    Constants of the module and names that are bound once are followed; f-strings, ``+``, ``%``, ``.format``,
    ``os.path.join``, ``Path(...)`` and ``/`` are put together. Templates (``{{ ds }}``) stay as they are.
    """
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else str(node.value)
    if depth <= 0 or node is None:
        return UNKNOWN
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(index, each, function, depth - 1) for each in node.values)
    if isinstance(node, ast.FormattedValue):
        return text_of(index, node.value, function, depth - 1)
    if isinstance(node, ast.Name):
        values = index.bound(node.id, function)
        return text_of(index, values[0], function, depth - 1) if len(values) == 1 else UNKNOWN
    if isinstance(node, ast.BinOp):
        return _operation(index, node, function, depth)
    if isinstance(node, ast.Call):
        return _call(index, node, function, depth)
    return UNKNOWN


def _operation(index: Index, node: ast.BinOp, function: Function | None, depth: int) -> str:
    left = text_of(index, node.left, function, depth - 1)
    if isinstance(node.op, ast.Add):
        return left + text_of(index, node.right, function, depth - 1)
    if isinstance(node.op, ast.Div):
        return f"{left.rstrip('/')}/{text_of(index, node.right, function, depth - 1)}"
    if isinstance(node.op, ast.Mod):
        return _PERCENT.sub(UNKNOWN, left)
    return UNKNOWN


def _call(index: Index, node: ast.Call, function: Function | None, depth: int) -> str:
    name = last_name(node.func)
    if name == "format" and isinstance(node.func, ast.Attribute):
        return _BRACES.sub(UNKNOWN, text_of(index, node.func.value, function, depth - 1))
    if name == "join" and index.dotted(node.func) == "os.path.join":
        return "/".join(text_of(index, each, function, depth - 1).rstrip("/") for each in node.args)
    if name in ("Path", "PurePath", "PosixPath", "ObjectStoragePath", "str", "dedent") and node.args:
        return "/".join(text_of(index, each, function, depth - 1) for each in node.args)
    if name in ("strip", "lstrip", "rstrip", "as_posix", "resolve") and isinstance(node.func, ast.Attribute):
        return text_of(index, node.func.value, function, depth - 1)
    return UNKNOWN


def literal(node: ast.AST | None) -> str | None:
    """The text of a plain string constant, None for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def varies(text: str) -> bool:
    """True where something of the run goes into a text: a template, or a value that the file does not tell."""
    return UNKNOWN in text or bool(_JINJA.search(text))


def is_temporary(text: str) -> bool:
    """True where a name says that what bears it is not to stay."""
    return bool(_TEMPORARY.search(_JINJA.sub("", text)))


def shown(text: str, most: int = 60) -> str:
    """A text as a message quotes it: one short line, ``...`` for what is not known."""
    line = " ".join(text.replace(UNKNOWN, "...").split())
    return line if len(line) <= most else f"{line[: most - 3]}..."


def mode_of(call: ast.Call) -> str:
    """The mode that a call of ``open`` asks for; ``r`` where it says none."""
    value = argument(call, 1, "mode")
    if value is None:
        return "r"
    return literal(value) or ""
