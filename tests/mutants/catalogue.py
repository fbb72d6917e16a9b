"""The seeded bugs and the innocent tasks, as their files declare them; the files are read, not imported."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .place import place

HERE = place()
DEFAULT = ("twice", "concurrent", "killed")
BROKEN, MENDED = "broken", "mended"


@dataclass(frozen=True, slots=True)
class Case:
    """One file.

    :param expect: scenario -> the class that ``broken`` must be found with, None where the scenario cannot see it;
        empty for an innocent file
    :param warns: task id -> classes of warnings that cannot be avoided
    :param allow: resource pattern -> reason, as a user would configure it
    :param budget: seconds for each search, where its attempts are slow; 0 for what the run has
    """

    name: str
    path: Path
    text: str
    expect: Mapping[str, str | None] = field(default_factory=dict)
    warns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    allow: Mapping[str, str] = field(default_factory=dict)
    budget: float = 0.0

    @property
    def innocent(self) -> bool:
        """True for a file all of whose tasks are innocent."""
        return not self.expect


def mutants(only: str = "") -> list[Case]:
    """Files with a bug and its mended twin, sorted by name."""
    found = _cases(HERE / "dags", only)
    for case in found:
        if missing := [each for each in DEFAULT if each not in case.expect]:
            raise ValueError(f"{case.path}: EXPECT says nothing of {', '.join(missing)}")
    return found


def innocents(only: str = "") -> list[Case]:
    """Files with innocent tasks alone, sorted by name."""
    return _cases(HERE / "innocents", only)


def _cases(folder: Path, only: str) -> list[Case]:
    return [_read(path) for path in sorted(folder.glob("*.py")) if any(each in path.stem for each in only.split(","))]


def _read(path: Path) -> Case:
    tree = ast.parse(path.read_text())
    said: dict[str, Any] = {}
    for node in tree.body:
        name = getattr(node.targets[0], "id", "") if isinstance(node, ast.Assign) else ""
        if name in ("EXPECT", "WARNS", "ALLOW", "BUDGET"):
            said[name] = ast.literal_eval(node.value)
    text = ast.get_docstring(tree) or ""
    if not text:
        raise ValueError(f"{path}: has no docstring that says what is wrong")
    given = (said.get("EXPECT", {}), said.get("WARNS", {}), said.get("ALLOW", {}), said.get("BUDGET", 0.0))
    return Case(path.stem, path, text, *given)
