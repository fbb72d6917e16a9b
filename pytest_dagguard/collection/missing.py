"""What a run lacked: modules, Variables, connections, environment variables and objects, listed once and together."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from pytest_dagguard.model.dag import DagFile

NOTE = "missing: "
"""Begins a note of a verdict, ``missing: variable region``; so it comes over pytest-xdist too."""

USED = "stand-in: "
"""Begins a note on what stood in for something: ``stand-in: stub acme``."""

MODULE, VARIABLE, CONNECTION, ENVIRONMENT, OBJECT = "module", "variable", "connection", "environment", "object"

_TEXTS = (
    (MODULE, re.compile(r"No module named '([\w.]+)'")),
    (VARIABLE, re.compile(r"Variable (\S+) not found")),
    (VARIABLE, re.compile(r"there is no Variable '([^']+)'")),
    (CONNECTION, re.compile(r"conn_id `([^`]+)` isn't defined")),
    (CONNECTION, re.compile(r"there is no connection '([^']+)'")),
    (ENVIRONMENT, re.compile(r"KeyError: '([A-Z][A-Z0-9_]*)'")),
    (OBJECT, re.compile(r"\b((?:s3|gs)://\S+) is not there")),
)


def of_text(text: str) -> list[str]:
    """Notes on what an error or a reason says is missing."""
    return [f"{NOTE}{kind} {match}" for kind, pattern in _TEXTS for match in pattern.findall(text)]


def of_source(path: Path, folders: Sequence[str], environ: Collection[str]) -> list[str]:
    """Notes on all that a file that does not load names and that is not here, so that one look is enough.

    :param folders: that modules are imported from beside Python's own
    :param environ: names of the environment variables that will be set
    """
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return []
    guarded = {
        each for node in ast.walk(tree) if isinstance(node, ast.Try) for part in node.body for each in ast.walk(part)
    }
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and node not in guarded:
            for name in _imported(node):
                if not _is_here(name, folders):
                    found.setdefault(f"{NOTE}{MODULE} {name}")
        elif (name := _environment(node)) and name not in environ:
            found.setdefault(f"{NOTE}{ENVIRONMENT} {name}")
    return list(found)


def of_load(loaded: DagFile, folders: Sequence[str], environ: Collection[str]) -> tuple[str, ...]:
    """Notes on what a file that does not load lacks, by its errors and by what it names beside that.

    :param folders: that modules are imported from beside Python's own
    :param environ: names of the environment variables that will be set
    """
    lacks = [each for error in loaded.errors for each in of_text(error.message)]
    if any(each.kind in ("missing-module", "exception") for each in loaded.errors):
        lacks += of_source(Path(loaded.path), folders, environ)
    return tuple(dict.fromkeys(lacks))


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """The top-level names of what is imported."""
    if isinstance(node, ast.Import):
        yield from (each.name.partition(".")[0] for each in node.names)
    elif node.module and not node.level:
        yield node.module.partition(".")[0]


def _is_here(name: str, folders: Sequence[str]) -> bool:
    if name in sys.modules or any(Path(each, name).is_dir() or Path(each, f"{name}.py").is_file() for each in folders):
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _environment(node: ast.AST) -> str:
    """The name in ``os.environ["NAME"]``, empty for anything else."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
        return ""
    if ast.unparse(node.value) not in ("os.environ", "environ") or not isinstance(node.slice, ast.Constant):
        return ""
    return str(node.slice.value)


def collect(notes: Iterable[str]) -> dict[str, list[str]]:
    """What is missing by kind, each once, sorted."""
    found: dict[str, set[str]] = {}
    for each in notes:
        if each.startswith(NOTE):
            kind, _, name = each[len(NOTE) :].partition(" ")
            found.setdefault(kind, set()).add(name.partition(".")[0] if kind == MODULE else name)
    return {kind: sorted(names) for kind, names in sorted(found.items())}


def told(missing: dict[str, list[str]], seed: str) -> list[str]:
    """What is missing, for the summary, with the place for each kind of it.

    :param seed: the seed folder, as the user would type it
    """
    places = {
        MODULE: "install them where pytest runs, or name them under stubs in [tool.dagguard]",
        VARIABLE: f"put them into {seed}/variables.json",
        CONNECTION: f"put them into {seed}/connections.json",
        ENVIRONMENT: "set them under [tool.dagguard.env]",
        OBJECT: f"put them below {seed}/s3 and {seed}/gcs",
    }
    words = {MODULE: "modules", VARIABLE: "Variables", CONNECTION: "connections", ENVIRONMENT: "environment variables"}
    lines = [f"missing {words.get(kind, 'objects')}: {_few(names)}; {places[kind]}" for kind, names in missing.items()]
    if lines:
        lines.append("--dagguard-init writes the files and lines for all of these, to be filled in")
    return lines


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
