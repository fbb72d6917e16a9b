"""Rules about where shared code lies."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import WARNING, Repository, Rule, Source, Subject
from pytest_dagguard.rules._source.index import index_of
from pytest_dagguard.rules._source.tell import finding

TEXT = """\
What it does
  Looks for imports in a DAG file that lead into the repository's plugins folder, by name (plugins.tools) or because
  Airflow has that folder on the path (tools). A module of that name beside the DAG file comes first and is no
  finding.

Why is this bad
  Airflow loads everything in that folder as a plugin, in every process, and only at its start. DAG files and plugins
  are then deployed in two ways that do not keep step. BBC Datalab shared code so and had broken deployments, uploads
  out of step and trouble with serialised DAGs; plain packages mended it.

Example
  from plugins.tools import to_gcs           # dags/sales.py
  from tools import to_gcs                   # the same file, found because plugins/ is on the path

Use instead
  from acme_tools import to_gcs              # a package that is built, versioned and installed like any other
"""
_WHY = (
    "Airflow loads the folder as plugins when a process starts; DAG files and plugins that are deployed apart get "
    "out of step."
)
_FIX = "Move the module into a package that is installed with the image, or beside the DAG files."


def import_from_plugins_folder(subject: Subject) -> Iterator[Finding]:
    """Imports that lead into the plugins folder."""
    source = subject.source
    if source is None or source.tree is None or "plugins" in Path(source.name).parts:
        return
    folders = _folders(subject.repository, source)
    if not folders:
        return
    index = index_of(source)
    for node in ast.walk(source.tree):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            modules = [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
        found = next((path for each in modules if (path := _leads(each, folders, source))), None)
        if found is not None:
            message = f"{modules[0]} is imported from the plugins folder: {_shown(found, subject.repository)}."
            yield finding("import-from-plugins-folder", index, node, message, _WHY, _FIX)


def _folders(repository: Repository, source: Source) -> list[Path]:
    """The plugins folders: Airflow's where it is known, and those between the file and the root."""
    known = repository.environment.get("plugins_folder")
    folders = [Path(str(known))] if known else []
    for parent in source.path.parents:
        folders.append(parent / "plugins")
        if parent == repository.root:
            break
    return [each for each in folders if each.is_dir()]


def _leads(module: str, folders: list[Path], source: Source) -> Path | None:
    """The file or folder in a plugins folder that a module is; None where it is none, or another one comes first."""
    parts = module.split(".")
    for folder in folders:
        inside = parts[1:] if parts[0] == folder.name else parts
        if not inside:
            continue
        if inside is parts and _exists(source.path.parent, parts[:1]):
            continue
        found = _exists(folder, inside)
        if found is not None:
            return found
    return None


def _exists(folder: Path, parts: list[str]) -> Path | None:
    path = folder.joinpath(*parts)
    if path.with_suffix(".py").is_file():
        return path.with_suffix(".py")
    return path if path.is_dir() and any(path.glob("*.py")) else None


def _shown(path: Path, repository: Repository) -> str:
    return str(path.relative_to(repository.root)) if path.is_relative_to(repository.root) else str(path)


RULES = (
    Rule(
        "import-from-plugins-folder",
        "file",
        WARNING,
        "a DAG file imports shared code from the plugins folder",
        TEXT,
        import_from_plugins_folder,
    ),
)
