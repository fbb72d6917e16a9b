"""``--dagguard-init``: the files and configuration lines that a run was found to need, to be filled in by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pytest_dagguard.collection import missing as kinds
from pytest_dagguard.model.errors import DagguardError

PLACEHOLDER = "TODO"


def write(missing: dict[str, list[str]], root: Path, seed: Path) -> list[str]:
    """Write what is missing. What is there stays as it is; only what it lacks is added.

    :param missing: names by kind
    :param root: folder of ``pyproject.toml``
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
            *_objects(seed, missing.get(kinds.OBJECT, [])),
            *_configuration(root / "pyproject.toml", missing, _typed(seed, root)),
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


def _configuration(path: Path, missing: dict[str, list[str]], seed: str) -> list[str]:
    """The table in ``pyproject.toml`` where there is none yet; else the lines to add to it."""
    lines = []
    if modules := missing.get(kinds.MODULE):
        lines += ["# made up so that files load; what a task does with them is no evidence. Better: install them"]
        lines += [f"stubs = {json.dumps(modules)}"]
    if names := missing.get(kinds.ENVIRONMENT):
        lines += ["", "[tool.dagguard.env]", *(f'{name} = "{PLACEHOLDER}"' for name in names)]
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    if "[tool.dagguard" in old:
        return [f"add to {path.name}: {' '.join(each for each in lines if each and each[0] != '#')}"] if lines else []
    table = "\n".join(["[tool.dagguard]", f'seed = "{seed}"', *lines])
    path.write_text(f"{old.rstrip()}\n\n{table}\n".lstrip(), encoding="utf-8")
    return [f"wrote [tool.dagguard] into {path.name}" + ("; fill in its [tool.dagguard.env]" if names else "")]
