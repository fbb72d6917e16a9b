"""``--dagguard-init``: the files and configuration lines that a run was found to need, to be filled in by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_dagguard.collection import missing as kinds
from pytest_dagguard.collection.imports import NEWER
from pytest_dagguard.config import pyproject
from pytest_dagguard.model.errors import DagguardError

PLACEHOLDER = "TODO"
TABLE = "tool.dagguard"


def write(missing: dict[str, list[str]], root: Path, seed: Path, dags: Sequence[str] = ()) -> list[str]:
    """Write what is missing. What is there stays as it is; only what it lacks is added.

    :param missing: names by kind
    :param root: folder of ``pyproject.toml``
    :param dags: DAG folders that were named on the command line alone
    :returns: a line for each file that was written, and what is left to do by hand
    :raises DagguardError: a file cannot be read or written
    """
    try:
        seed.mkdir(parents=True, exist_ok=True)
        done = [
            *_document(seed / "variables.json", dict.fromkeys(missing.get(kinds.VARIABLE, ()), PLACEHOLDER)),
            *_document(
                seed / "connections.json",
                {name: {"conn_type": PLACEHOLDER} for name in missing.get(kinds.CONNECTION, ())},
            ),
            *_document(seed / "ssm.json", dict.fromkeys(missing.get(kinds.PARAMETER, ()), PLACEHOLDER)),
            *_document(seed / "secretsmanager.json", dict.fromkeys(missing.get(kinds.SECRET, ()), PLACEHOLDER)),
            *_document(
                seed / "dynamodb.json",
                {name: {"key": PLACEHOLDER, "items": []} for name in missing.get(kinds.TABLE, ())},
            ),
            *_objects(seed, missing.get(kinds.OBJECT, [])),
            *_configuration(root / "pyproject.toml", _wanted(missing, _typed(seed, root), dags)),
        ]
    except (OSError, ValueError) as failed:
        raise DagguardError(f"--dagguard-init: {failed}") from failed
    return done or [f"--dagguard-init: nothing is missing that it could write; the seed folder is {_typed(seed, root)}"]


def _typed(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _document(path: Path, names: dict[str, Any]) -> list[str]:
    """Add entries to a JSON file of the seed."""
    if not names or path.with_suffix(".yaml").exists():
        return [f"add to {path.with_suffix('.yaml').name}: {', '.join(names)}"] if names else []
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    new = {name: value for name, value in names.items() if name not in old}
    if not new:
        return []
    path.write_text(json.dumps({**old, **new}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return [f"wrote {path.name}: fill in {', '.join(new)}"]


def _objects(seed: Path, names: list[str]) -> list[str]:
    """Folders for objects. Their content nobody can make up, and an empty object would be taken for one."""
    lines = []
    for name in names:
        scheme, _, rest = name.partition("://")
        path = seed / ("s3" if scheme == "s3" else "gcs") / rest
        if ".." in path.parts:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        lines.append(f"made the folder for {name}: put the object there")
    return lines


def _wanted(missing: dict[str, list[str]], seed: str, dags: Sequence[str]) -> list[tuple[str, str, Any]]:
    """The configuration that would mend it: table, key and value of each line."""
    wanted: list[tuple[str, str, Any]] = [(TABLE, "dags", list(dags))] if dags else []
    wanted += [(TABLE, "seed", seed)]
    wanted += [(TABLE, "paths", names)] if (names := missing.get(kinds.PATH)) else []
    # made up so that files load: what a task does with them is no evidence, and to install them is better
    wanted += [(TABLE, "stubs", names)] if (names := missing.get(kinds.MODULE)) else []
    old = [name for name in missing.get(kinds.MOVED, ()) if not NEWER.match(name)]
    wanted += [(f"{TABLE}.aliases", "airflow-2", True)] if old else []
    return wanted + [(f"{TABLE}.env", name, PLACEHOLDER) for name in missing.get(kinds.ENVIRONMENT, ())]


def _configuration(path: Path, wanted: list[tuple[str, str, Any]]) -> list[str]:
    """Bring lines into ``pyproject.toml``; those that cannot be put in without harm are told."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    by_hand, added = [], []
    is_new = "[tool.dagguard" not in text
    for table, key, value in wanted:
        if key == "seed" and not is_new:
            continue
        new = pyproject.with_key(text, table, key, value)
        if new is None:
            by_hand.append(f"add to {path.name}, [{table}]: {key} = {json.dumps(value)}")
        elif new != text:
            added.append(key)
            text = new
    if added:
        path.write_text(text, encoding="utf-8")
        blanks = "; fill in what is TODO" if f'= "{PLACEHOLDER}"' in text else ""
        by_hand.insert(0, f"wrote {', '.join(added)} into [tool.dagguard] of {path.name}{blanks}")
    return by_hand
