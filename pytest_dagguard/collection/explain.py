"""The texts behind ``--dagguard-list`` and ``--dagguard-explain``."""

from __future__ import annotations

import difflib
import sys
from typing import Any

import pytest

from pytest_dagguard.model import registry
from pytest_dagguard.model.finding import CLASSES, WARN_CLASSES
from pytest_dagguard.model.rule import Rule
from pytest_dagguard.model.scenario import Scenario


def listing() -> str:
    """Rules, scenarios, finding classes, emulators and reports, one line each."""
    scenarios: dict[str, Scenario] = registry.collect("pytest_dagguard.scenarios", "SCENARIO")
    emulators = registry.collect("pytest_dagguard.cloud", "EMULATOR")
    reports = registry.collect("pytest_dagguard.reports", "REPORT")
    parts = {
        "rules": {name: f"{each.summary} ({each.severity})" for name, each in rules().items()},
        "scenarios": {name: each.summary for name, each in scenarios.items()},
        "findings": CLASSES,
        "emulators": {name: _emulator(each) for name, each in emulators.items()},
        "reports": {name: each.summary for name, each in reports.items()},
    }
    lines = []
    for title, rows in parts.items():
        lines.append(f"{title}:")
        lines += [f"  {name:<28} {text}" for name, text in rows.items()]
    return "\n".join(lines)


def _emulator(factory: Any) -> str:
    """The first line of what its module says of itself."""
    said = sys.modules[factory.__module__].__doc__ or ""
    return said.strip().splitlines()[0].rstrip(".")


def rules() -> dict[str, Rule]:
    """Every rule by its name, family by family."""
    families: dict[str, tuple[Rule, ...]] = registry.collect("pytest_dagguard.rules", "RULES")
    return {rule.name: rule for members in families.values() for rule in members}


def _rule(name: str) -> str:
    family = next(
        family
        for family, members in registry.collect("pytest_dagguard.rules", "RULES").items()
        if any(each.name == name for each in members)
    )
    rule = rules()[name]
    words = {
        "error": "an error, which fails",
        "warning": "a warning (fails with --dagguard-strict)",
        "info": "a note, shown with -v and in reports",
        "off": f'off; to have it, write severity.{name} = "warning" under [tool.dagguard.rules]',
    }
    looks = {
        "dag": "each DAG",
        "file": "each DAG file",
        "repository": "the repository",
        "task": "each task's clean run",
    }
    what = looks[rule.level]
    older = f"; under Airflow 2: {words[rule.before_3]}" if rule.before_3 else ""
    return (
        f"{name}: {rule.summary}\n\n{rule.text.strip()}\n\nBy default: {words[rule.severity]}{older}. Looks at {what};"
        f" family {family}.\nTo ignore one: # dagguard: ignore[{name}] the reason"
    )


def text(name: str) -> str:
    """The text of a rule, a scenario or a finding class.

    :raises pytest.UsageError: there is none of that name
    """
    scenarios: dict[str, Scenario] = registry.collect("pytest_dagguard.scenarios", "SCENARIO")
    if name in scenarios:
        return f"{name}: {scenarios[name].summary}\n\n{scenarios[name].text}"
    if name in rules():
        return _rule(name)
    if name in CLASSES:
        weight = "a warning (fails with --dagguard-strict)" if name in WARN_CLASSES else "fails"
        return f"{name}: {CLASSES[name]}\n\nBy default: {weight}."
    known = sorted([*rules(), *scenarios, *CLASSES])
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise pytest.UsageError(f"--dagguard-explain: there is nothing called {name!r}{hint} Known: {', '.join(known)}")
