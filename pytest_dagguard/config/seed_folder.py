"""The seed folder: what is in the cloud and in Airflow before the first attempt."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_dagguard.config import connections, seed_objects, seed_tables
from pytest_dagguard.config.seed_files import Document, Problems, json_text, load, shown
from pytest_dagguard.config.values import Unusable, did_you_mean
from pytest_dagguard.model.errors import ConfigurationError
from pytest_dagguard.model.seed import Seed

LIMIT = 256 * 1024 * 1024
"""Bytes of input data in all: they are held in memory, several times over."""

_FOLDERS = ("s3", "gcs")
_FILES = (
    "redis.json",
    "kubernetes.json",
    "kubernetes.yaml",
    "variables.json",
    "variables.yaml",
    "connections.json",
    "connections.yaml",
    "ssm.json",
    "ssm.yaml",
    "secretsmanager.json",
    "secretsmanager.yaml",
    "dynamodb.json",
    "dynamodb.yaml",
    "xcoms.json",
)
_CONNECTION, _VARIABLE = "AIRFLOW_CONN_", "AIRFLOW_VAR_"


def read(folder: Path, *, required: bool, environ: Mapping[str, str]) -> Seed:
    """Read the seed folder, and ``AIRFLOW_CONN_...`` and ``AIRFLOW_VAR_...`` of the environment.

    What the folder says goes before what the environment says.

    :param folder: its path; it need not exist
    :param required: the user named this folder, so that it must exist
    :param environ: environment variables
    :raises ConfigurationError: with one line for each thing that is wrong
    """
    problems = Problems()
    present = _present(folder, required, problems)
    objects = {name: seed_objects.find(present[name], problems) for name in _FOLDERS if name in present}
    if not _fits([item for found in objects.values() for item in found.files], present, problems):
        # Nothing is read into memory that is known not to fit.
        problems.raise_if_any()
    content = {name: seed_objects.contents(found, problems) for name, found in objects.items()}
    documents = {name.split(".")[0]: load(path, problems) for name, path in present.items() if name not in _FOLDERS}
    seed = Seed(
        s3=content.get("s3", {}),
        gcs=content.get("gcs", {}),
        redis=_redis(documents.get("redis"), problems),
        kubernetes=_kubernetes(documents.get("kubernetes"), problems),
        variables={**_variables_of(environ), **_variables(documents.get("variables"), problems)},
        connections={
            **_connections_of(environ, problems),
            **_connections(documents.get("connections"), problems),
        },
        parameters=_variables(documents.get("ssm"), problems),
        secrets=_variables(documents.get("secretsmanager"), problems),
        tables=seed_tables.tables(documents.get("dynamodb"), problems),
        xcoms=_xcoms(documents.get("xcoms"), problems),
    )
    problems.raise_if_any()
    return seed


def _present(folder: Path, required: bool, problems: Problems) -> dict[str, Path]:
    """What lies in the folder, by name.

    :raises ConfigurationError: the folder is missing and required, or cannot be listed
    """
    if not os.path.lexists(folder):
        if required:
            hint = did_you_mean(folder.name, seed_objects.folder_names(folder.parent))
            raise ConfigurationError(
                f"{shown(folder)}: the seed folder does not exist{hint or '; create it, or correct the key seed'}"
            )
        return {}
    if not os.path.isdir(folder):
        raise ConfigurationError(
            f"{shown(folder)}: the seed folder is no folder; name the folder that holds s3/ or gcs/"
        )
    found: dict[str, Path] = {}
    for path in seed_objects.children(folder, problems):
        name = path.name
        accepted = name in _FOLDERS or name in _FILES or re.sub(r"\.yml$", ".yaml", name) in _FILES
        if not accepted:
            known = (*(f"{each}/" for each in _FOLDERS), *_FILES)
            hint = did_you_mean(name + ("/" if os.path.isdir(path) else ""), known) or ";"
            problems.add(path, f"a seed folder has nothing of this name{hint} Known: {', '.join(known)}")
        elif name in _FOLDERS and not os.path.isdir(path):
            problems.add(path, "must be a folder of buckets")
        elif name not in _FOLDERS and not os.path.isfile(path):
            problems.add(path, "must be a file that is there")
        elif twin := next((each for each in found if name not in _FOLDERS and each.startswith(path.stem + ".")), ""):
            problems.add(path, f"{twin} is there too; keep one of them")
        else:
            found[name] = path
    return found


def _fits(files: list[seed_objects.Item], present: Mapping[str, Path], problems: Problems) -> bool:
    sizes = [(item.size, item.path) for item in files]
    sizes += [(path.stat().st_size, path) for name, path in present.items() if name not in _FOLDERS]
    total = sum(size for size, _ in sizes)
    if total <= LIMIT:
        return True
    size, path = max(sizes)
    problems.add(
        path,
        f"the seed is {total / 2**20:.0f} MB in all and may be {LIMIT // 2**20} MB; "
        f"this is its largest file with {size / 2**20:.0f} MB; seed a smaller sample",
    )
    return False


def _redis(document: Document | None, problems: Problems) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for number, keys in (document.values if document else {}).items():
        assert document is not None
        if not number.isascii() or not number.isdecimal():
            problems.add(document.path, f'"{number}" is not the number of a database; write "0"', document.line(number))
        elif not isinstance(keys, dict):
            problems.add(document.path, f'"{number}" is not an object of keys and values', document.line(number))
        else:
            found[str(int(number))] = keys
    return found


def _kubernetes(document: Document | None, problems: Problems) -> dict[str, dict[str, dict[str, dict[str, str]]]]:
    found: dict[str, dict[str, dict[str, dict[str, str]]]] = {}
    shape = 'write {"default": {"configmaps": {"name": {"key": "text"}}, "secrets": {...}}}'
    for space, kinds in (document.values if document else {}).items():
        assert document is not None
        wrong = [each for each in kinds if each not in ("configmaps", "secrets")] if isinstance(kinds, dict) else [""]
        if wrong:
            problems.add(
                document.path, f'"{space}" is not an object of configmaps and secrets; {shape}', document.line(space)
            )
            continue
        found[space] = {}
        for kind, named in kinds.items():
            if isinstance(named, dict) and all(_texts(rows) for rows in named.values()):
                found[space][kind] = named
            else:
                what = f'the {kind} of "{space}" are not objects of keys and texts; {shape}'
                problems.add(document.path, what, document.line(space, kind))
    return found


def _texts(rows: Any) -> bool:
    return isinstance(rows, dict) and all(isinstance(each, str) for each in rows.values())


def _variables(document: Document | None, problems: Problems) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in (document.values if document else {}).items():
        assert document is not None
        try:
            found[name] = value if isinstance(value, str) else json_text(value)
        except (ValueError, RecursionError):
            problems.add(document.path, f'the value of "{name}" cannot be written as JSON', document.line(name))
    return found


def _connections(document: Document | None, problems: Problems) -> dict[str, connections.Connection]:
    found: dict[str, connections.Connection] = {}
    for name, value in (document.values if document else {}).items():
        assert document is not None
        try:
            found[name] = connections.from_object(name, value)
        except Unusable as error:
            keys = (name, error.key) if error.key else (name,)
            problems.add(document.path, f'connection "{name}": {error}', document.line(*keys))
    return found


def _xcoms(document: Document | None, problems: Problems) -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = {}
    shape = 'write {"dag_id": {"task_id": {"return_value": ...}}}'
    for dag_id, tasks in (document.values if document else {}).items():
        assert document is not None
        if not isinstance(tasks, dict):
            problems.add(document.path, f'"{dag_id}" is not an object of tasks; {shape}', document.line(dag_id))
            continue
        found[dag_id] = {}
        for task_id, keys in tasks.items():
            if isinstance(keys, dict):
                found[dag_id][task_id] = keys
                continue
            line = document.line(dag_id, task_id)
            problems.add(document.path, f'"{dag_id}" "{task_id}" is not an object of XComs; {shape}', line)
    return found


def _variables_of(environ: Mapping[str, str]) -> dict[str, str]:
    # Airflow looks a name up in upper case, so its own case is not known; lower case is what people write.
    return {
        name[len(_VARIABLE) :].lower(): value
        for name, value in sorted(environ.items())
        if name.startswith(_VARIABLE) and name != _VARIABLE
    }


def _connections_of(environ: Mapping[str, str], problems: Problems) -> dict[str, connections.Connection]:
    found: dict[str, connections.Connection] = {}
    for name, value in sorted(environ.items()):
        # Airflow takes an empty one for one that is not set.
        if not name.startswith(_CONNECTION) or name == _CONNECTION or not value.strip():
            continue
        try:
            found[name[len(_CONNECTION) :].lower()] = connections.from_variable(value)
        except Unusable as error:
            problems.add(name, str(error))
    return found
