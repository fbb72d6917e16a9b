"""What a run lacked: modules, Variables, connections, parameters, secrets and objects, listed once and together."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from pytest_dagguard.collection.imports import Imports, absent_provider
from pytest_dagguard.model.dag import DagFile

NOTE = "missing: "
"""Begins a note of a verdict, ``missing: variable region``; so it comes over pytest-xdist too."""

USED = "stand-in: "
"""Begins a note on what stood in for something: ``stand-in: stub acme``."""

MODULE, VARIABLE, CONNECTION, ENVIRONMENT, OBJECT = "module", "variable", "connection", "environment", "object"
PARAMETER, SECRET, TABLE = "parameter", "secret", "table"
PATH, MOVED = "path", "moved"
"""A folder of the repository in which a module is; a name that the Airflow here has elsewhere, or not at all."""

_TEXTS = (
    (MODULE, re.compile(r"No module named '([\w.]+)'")),
    (VARIABLE, re.compile(r"Variable (\S+) (?:not found|does not exist)")),
    (VARIABLE, re.compile(r"VARIABLE_NOT_FOUND: \{'key': '([^']+)'")),  # Airflow 3.0
    (VARIABLE, re.compile(r"there is no Variable '([^']+)'")),
    (CONNECTION, re.compile(r"conn_id `([^`]+)` isn't defined")),
    (CONNECTION, re.compile(r"there is no connection '([^']+)'")),
    (ENVIRONMENT, re.compile(r"KeyError: '([A-Z][A-Z0-9_]*)'")),
    (OBJECT, re.compile(r"\b((?:s3|gs)://\S+) is not there")),
    (PARAMETER, re.compile(r"there is no parameter '([^'*]+)' in SSM")),
    (PARAMETER, re.compile(r"\(ParameterNotFound\) .*: Parameter (\S+) not found")),
    (TABLE, re.compile(r"there is no table '([^'*]+)' in DynamoDB")),
    (SECRET, re.compile(r"there is no secret '([^'*]+)'")),
    (SECRET, re.compile(r"can't find the specified secret: (\S+)")),
    (MOVED, re.compile(r"cannot import name '\w+' from '(airflow[\w.]*)'")),
    (MOVED, re.compile(r"DAG\.__init__\(\) got an unexpected keyword argument '(\w+)'")),
)
_AIRFLOWS = re.compile(r"airflow(?!\.providers\.)\.")
_PROVIDER = "airflow.providers."


def of_text(text: str) -> list[str]:
    """Notes on what an error or a reason says is missing."""
    found = [(kind, name) for kind, pattern in _TEXTS for name in pattern.findall(text)]
    return [f"{NOTE}{MOVED if kind == MODULE and _AIRFLOWS.match(name) else kind} {name}" for kind, name in found]


def of_load(loaded: DagFile, imports: Imports, known: Collection[str]) -> tuple[str, ...]:
    """Notes on what a file that does not load lacks, by its errors and by what it names beside that.

    :param known: notes on what there is: ``missing: environment REGION`` where that variable will be set
    """
    lacks = [each for error in loaded.errors for each in of_text(error.message)]
    if any(each.kind in ("missing-module", "lacks", "moved", "exception") for each in loaded.errors):
        needed = imports.of_file(Path(loaded.path))
        kinds = {
            MODULE: needed.modules,
            MOVED: needed.moved,
            VARIABLE: needed.variables,
            ENVIRONMENT: needed.environment,
        }
        more = [f"{NOTE}{kind} {name}" for kind, names in kinds.items() for name in names]
        lacks += [each for each in more if each not in known and each.rpartition(" ")[0] not in known]
    return tuple(dict.fromkeys(_homed(each, imports) for each in lacks))


def _homed(note: str, imports: Imports) -> str:
    """For a module that the repository has itself: the folder in which it is; for one of a provider, the provider."""
    kind, _, name = note[len(NOTE) :].partition(" ")
    if kind == MODULE and name.startswith(_PROVIDER):
        absent = absent_provider(name)
        return f"{NOTE}{MODULE} {absent}" if absent else f"{NOTE}{MOVED} {name}"
    home = imports.home(name) if kind == MODULE else ""
    return f"{NOTE}{PATH} {home}" if home else note


def collect(notes: Iterable[str]) -> dict[str, list[str]]:
    """What is missing by kind, each once, sorted."""
    found: dict[str, set[str]] = {}
    for each in notes:
        if each.startswith(NOTE):
            kind, _, name = each[len(NOTE) :].partition(" ")
            whole = kind != MODULE or name.startswith(_PROVIDER)
            found.setdefault(kind, set()).add(name if whole else name.partition(".")[0])
    return {kind: sorted(names) for kind, names in sorted(found.items())}


def told(missing: dict[str, list[str]], seed: str) -> list[str]:
    """What is missing, for the summary, with the place for each kind of it.

    :param seed: the seed folder, as the user would type it
    """
    kinds = {
        MODULE: ("missing modules", "install them where pytest runs, or name them under stubs in [tool.dagguard]"),
        VARIABLE: ("missing Variables", f"put them into {seed}/variables.json"),
        CONNECTION: ("missing connections", f"put them into {seed}/connections.json"),
        PARAMETER: ("missing SSM parameters", f"put them into {seed}/ssm.json"),
        SECRET: ("missing secrets", f"put them into {seed}/secretsmanager.json"),
        TABLE: ("missing tables of DynamoDB", f"put them into {seed}/dynamodb.json, with their keys"),
        ENVIRONMENT: ("missing environment variables", "set them under [tool.dagguard.env]"),
        OBJECT: ("missing objects", f"put them below {seed}/s3 and {seed}/gcs"),
        PATH: ("folders that are imported from", "name them under paths in [tool.dagguard]"),
        MOVED: (
            "not in this Airflow, or elsewhere",
            "airflow-2 = true under [tool.dagguard.aliases] finds most old names; what is left, name there or port",
        ),
    }
    lines = [f"{kinds[kind][0]}: {_few(names)}; {kinds[kind][1]}" for kind, names in missing.items()]
    if lines:
        lines.append("--dagguard-init writes the files and lines for all of these, to be filled in")
    return lines


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
