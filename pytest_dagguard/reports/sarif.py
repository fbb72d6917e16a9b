"""SARIF 2.1.0, for code scanning on GitHub, GitLab and Azure and for editors.

A finding is a result; the operations that lead to it are its code flow. What is inconclusive is no result, since
nothing was found, and no silence either: it is a notification of the run.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pytest_dagguard.model.finding import CLASSES, Finding
from pytest_dagguard.model.verdict import INCONCLUSIVE, Verdict
from pytest_dagguard.reports._plain import findings_of, printable, subject_of, weight
from pytest_dagguard.reports.report import Items, Report, RunFacts, save

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_PLACE = re.compile(r"(?P<file>[^\s:]+\.\w+):(?P<line>[1-9]\d*)\s*$")


def write(items: Items, facts: RunFacts, path: Path) -> None:
    """Write the report.

    :raises DagguardError: it cannot be written
    """
    save(path, json.dumps(document(items, facts), indent=2) + "\n")


def document(items: Items, facts: RunFacts) -> dict[str, Any]:
    """The report as Python values."""
    found = [(item, verdict, finding) for item, verdict in items for finding in findings_of(verdict)]
    rules = list(dict.fromkeys(finding.cls for _, _, finding in found))
    prints = _fingerprints(found)
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "pytest-dagguard",
                        "semanticVersion": facts.dagguard,
                        "rules": [_rule(name) for name in rules],
                    }
                },
                "automationDetails": {"id": "pytest-dagguard/"},
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": list(_notifications(items)),
                        "properties": {"airflow": facts.airflow, "python": facts.python},
                    }
                ],
                "results": [
                    {
                        **_result(item, verdict, finding),
                        "ruleIndex": rules.index(finding.cls),
                        "partialFingerprints": {"dagguardItem/v1": mark},
                    }
                    for (item, verdict, finding), mark in zip(found, prints, strict=True)
                ],
            }
        ],
    }


def _rule(name: str) -> dict[str, Any]:
    text = CLASSES.get(name, f"The rule {name}.")
    asked = f"pytest --dagguard-explain {name}"
    return {"id": printable(name), "shortDescription": {"text": printable(text)}, "help": {"text": printable(asked)}}


def _result(item: str, verdict: Verdict, finding: Finding) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": printable(finding.cls),
        "level": weight(verdict, finding),
        "message": {"text": _message(finding)},
        "locations": [_location(finding.file or verdict.file, finding.line, verdict)],
        "properties": {
            "item": printable(item),
            "verdict": verdict.verdict,
            "resource": printable(finding.resource),
            "confirmed": finding.confirmed,
            "replay": printable(finding.replay),
        },
    }
    if finding.history:
        steps = [{"location": _step(line, finding, verdict)} for line in finding.history]
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    return result


def _message(finding: Finding) -> str:
    parts = [finding.message or finding.cls]
    parts += [f"{label}: {text}" for label, text in (("Why", finding.why), ("Fix", finding.fix)) if text]
    if finding.replay:
        parts.append(f"Repeat: pytest --dagguard --dagguard-replay={finding.replay}")
    return printable("\n\n".join(parts))


def _location(file: str, line: int, verdict: Verdict) -> dict[str, Any]:
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": printable(subject_of(verdict))}]}
    if file:
        location["physicalLocation"] = _physical(file, line)
    return location


def _physical(file: str, line: int) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
    if not Path(file).is_absolute():
        physical["artifactLocation"]["uriBaseId"] = "%SRCROOT%"
    if line > 0:
        physical["region"] = {"startLine": line}
    return physical


def _uri(file: str) -> str:
    path = quote(file.encode("utf-8", "surrogateescape"))
    return f"file://{path}" if Path(file).is_absolute() else path


def _step(line: str, finding: Finding, verdict: Verdict) -> dict[str, Any]:
    """One line of the history, at the place that it ends in, or else at the finding's."""
    place = _PLACE.search(line)
    file, number = (place["file"], int(place["line"])) if place else (finding.file or verdict.file, finding.line)
    step = _location(file, number, verdict)
    step["message"] = {"text": printable("  ".join(line.split("\t"))).strip() or "-"}
    return step


def _fingerprints(found: Iterable[tuple[str, Verdict, Finding]]) -> list[str]:
    """For each finding what is the same in another run: what moves with an edit, such as lines, is not in it."""
    seen: Counter[tuple[str, ...]] = Counter()
    marks = []
    for item, _, finding in found:
        parts = (item, finding.cls, finding.resource, re.sub(r"\d+", "0", finding.message))
        seen[parts] += 1
        text = "\0".join((*parts, str(seen[parts])))
        marks.append(hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32])
    return marks


def _notifications(items: Items) -> Iterator[dict[str, Any]]:
    for item, verdict in items:
        if verdict.verdict == INCONCLUSIVE:
            text = f"{item} is inconclusive: {verdict.reason or 'no reason was given'}"
            yield {"level": "warning", "message": {"text": printable(text)}}


REPORT = Report(summary="SARIF 2.1.0, for code scanning and editors", write=write)
