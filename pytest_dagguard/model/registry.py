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
        module = importlib.import_module(f"{package}.{info.name}")
        if hasattr(module, attribute):
            found[info.name.replace("_", "-")] = getattr(module, attribute)
    return found
