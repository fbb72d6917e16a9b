"""Annotations for a workflow on GitHub: one line for each finding that fails or warns, shown beside the changed line.

Write them to ``/dev/stdout``, or to a file that a later step prints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.verdict import INCONCLUSIVE, Verdict
from pytest_dagguard.reports._plain import ERROR, NOTE, WARNING, findings_of, printable, subject_of, weight
from pytest_dagguard.reports.report import Items, Report, RunFacts, save

_COMMANDS = {ERROR: "error", WARNING: "warning"}


def write(items: Items, facts: RunFacts, path: Path) -> None:
    """Write the report.

    :raises DagguardError: it cannot be written
    """
    # The empty line: a command has to begin a line, and pytest's progress before it may not have ended one.
    save(path, "".join(f"{line}\n" for line in ("", *lines(items))))


def lines(items: Items) -> list[str]:
    """The annotations, the heaviest first, since GitHub shows the first ten of each kind only."""
    found = [(weight(verdict, finding), verdict, finding) for _, verdict in items for finding in findings_of(verdict)]
    annotations = [_annotation(*each) for heavy in _COMMANDS for each in found if each[0] == heavy]
    remarks = Counter(finding.cls for heavy, _, finding in found if heavy == NOTE)
    groups = Counter(verdict.group or "for other reasons" for _, verdict in items if verdict.verdict == INCONCLUSIVE)
    return [*annotations, *_counted("remarks", remarks), *_counted("inconclusive", groups)]


def _annotation(heavy: str, verdict: Verdict, finding: Finding) -> str:
    parts = [finding.message or finding.cls]
    parts += [f"{label}: {text}" for label, text in (("Why", finding.why), ("Fix", finding.fix)) if text]
    if finding.replay:
        parts.append(f"Repeat: pytest --dagguard --dagguard-replay={finding.replay}")
    title = f"{finding.cls}: {subject_of(verdict)}"
    return _command(_COMMANDS[heavy], "\n".join(parts), finding.file or verdict.file, finding.line, title)


def _counted(what: str, counts: Counter[str]) -> Iterator[str]:
    """One line for what changes no verdict: how many there are of each kind."""
    if counts:
        text = ", ".join(f"{count} {name}" for name, count in counts.most_common())
        yield _command("notice", text, "", 0, f"dagguard: {what}: {sum(counts.values())}")


def _command(name: str, text: str, file: str, line: int, title: str) -> str:
    properties = {"file": file, "line": str(line) if file and line > 0 else "", "title": title}
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{name} {given}::{_data(text)}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


REPORT = Report(summary="annotations for a workflow on GitHub", write=write)
