"""Making findings."""

from __future__ import annotations

import ast

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.rules._source.index import Index


def finding(cls: str, index: Index, node: ast.AST, message: str, why: str, fix: str, resource: str = "") -> Finding:
    """A finding about a place in a source file."""
    line: int = getattr(node, "lineno", 0)
    return Finding(cls, message, resource=resource, file=index.source.name, line=line, why=why, fix=fix)
