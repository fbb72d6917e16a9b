"""The JSON report, version 1, for other programs.

Version 1 only grows: keys may be added, none is removed or changes its meaning. What is unknown or does not apply is
null, and never an empty text. Texts are written in ASCII with escapes, so that no name of a file or an object can
make the report unreadable.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.verdict import FAIL, INCONCLUSIVE, PASS, WARN, Checked, Verdict
from pytest_dagguard.reports.report import Items, Report, RunFacts, save

VERSION = 1


def write(items: Items, facts: RunFacts, path: Path) -> None:
    """Write the report.

    :raises DagguardError: it cannot be written
    """
    save(path, json.dumps(document(items, facts), indent=2) + "\n")


def document(items: Items, facts: RunFacts) -> dict[str, Any]:
    """The report as Python values."""
    totals = dict.fromkeys((PASS, FAIL, WARN, INCONCLUSIVE), 0)
    for _, verdict in items:
        totals[verdict.verdict] += 1
    return {
        "version": VERSION,
        "dagguard": facts.dagguard,
        "airflow": facts.airflow,
        "python": facts.python,
        "seconds": round(facts.seconds, 3),
        "totals": totals,
        "items": [_item(item_id, verdict) for item_id, verdict in items],
    }


def _item(item_id: str, verdict: Verdict) -> dict[str, Any]:
    return {
        "id": item_id,
        "kind": verdict.kind,
        "check": verdict.check,
        "file": verdict.file or None,
        "dag_id": verdict.dag_id or None,
        "task_id": verdict.task_id or None,
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "group": verdict.group or None,
        "seconds": round(verdict.seconds, 3),
        "checked": _checked(verdict.checked),
        "findings": [_finding(finding) for finding in verdict.findings],
        "notes": list(verdict.notes),
    }


def _checked(checked: Checked) -> dict[str, Any]:
    return {
        "kill_states": list(checked.kill_states),
        "closed": checked.closed,
        "schedules": checked.schedules,
        "attempts": checked.attempts,
        "operations": checked.operations,
        "bounded": checked.bounded,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "class": finding.cls,
        "message": finding.message,
        "resource": finding.resource or None,
        "file": finding.file or None,
        "line": finding.line or None,
        "why": finding.why or None,
        "fix": finding.fix or None,
        "replay": finding.replay or None,
        "confirmed": finding.confirmed,
        "history": list(finding.history),
    }


REPORT = Report(summary="every item with its findings, for other programs (format version 1)", write=write)
