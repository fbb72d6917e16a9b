"""Finding the parts of a folder: a new rule, scenario, emulator or report is one new file, and no list is edited."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any


def collect(package: str, attribute: str) -> dict[str, Any]:
    """Import each module of ``package`` and return what those that have it call ``attribute``, by module name.

    The module's name with ``_`` as ``-`` is the part's name.
    """
    root = importlib.import_module(package)
    found: dict[str, Any] = {}
    for info in sorted(pkgutil.iter_modules(root.__path__), key=lambda each: each.name):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{package}.{info.name}")
        if hasattr(module, attribute):
            found[info.name.replace("_", "-")] = getattr(module, attribute)
    return found


def names(package: str, attribute: str = "") -> tuple[str, ...]:
    """The parts' names; without ``attribute`` no module is imported for them."""
    if attribute:
        return tuple(collect(package, attribute))
    root = importlib.import_module(package)
    return tuple(
        sorted(each.name.replace("_", "-") for each in pkgutil.iter_modules(root.__path__) if each.name[0] != "_")
    )
