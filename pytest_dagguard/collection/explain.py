"""The texts behind ``--dagguard-list`` and ``--dagguard-explain``."""

from __future__ import annotations

import difflib
import sys
from typing import Any

import pytest

from pytest_dagguard.model import registry
from pytest_dagguard.model.finding import CLASSES, WARN_CLASSES
from pytest_dagguard.model.scenario import Scenario


def listing() -> str:
    """Scenarios, finding classes, emulators and reports, one line each."""
    scenarios: dict[str, Scenario] = registry.collect("pytest_dagguard.scenarios", "SCENARIO")
    emulators = registry.collect("pytest_dagguard.cloud", "EMULATOR")
    reports = registry.collect("pytest_dagguard.reports", "REPORT")
    parts = {
        "scenarios": {name: each.summary for name, each in scenarios.items()},
        "findings": CLASSES,
        "emulators": {name: _emulator(each) for name, each in emulators.items()},
        "reports": {name: each.summary for name, each in reports.items()},
    }
    lines = []
    for title, rows in parts.items():
        lines.append(f"{title}:")
        lines += [f"  {name:<20} {text}" for name, text in rows.items()]
    return "\n".join(lines)


def _emulator(factory: Any) -> str:
    """The first line of what its module says of itself."""
    said = sys.modules[factory.__module__].__doc__ or ""
    return said.strip().splitlines()[0].rstrip(".")


def text(name: str) -> str:
    """The text of a scenario or a finding class.

    :raises pytest.UsageError: there is none of that name
    """
    scenarios: dict[str, Scenario] = registry.collect("pytest_dagguard.scenarios", "SCENARIO")
    if name in scenarios:
        return f"{name}: {scenarios[name].summary}\n\n{scenarios[name].text}"
    if name in CLASSES:
        weight = "a warning (fails with --dagguard-strict)" if name in WARN_CLASSES else "fails"
        return f"{name}: {CLASSES[name]}\n\nBy default: {weight}."
    known = sorted([*scenarios, *CLASSES])
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise pytest.UsageError(f"--dagguard-explain: there is nothing called {name!r}{hint} Known: {', '.join(known)}")
