"""What the reports for other programs and browsers share: texts that can be shown, and what a finding weighs."""

from __future__ import annotations

import re

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.verdict import FAIL, INCONCLUSIVE, WARN, Verdict

ERROR, WARNING, NOTE = "error", "warning", "note"

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


def printable(text: str) -> str:
    """A text without what could not be stored or would do something to whoever shows it.

    Colours are taken out. Control characters and halves of characters, which names of files and objects may have, are
    written as escapes (``\\x07``). Line breaks and tabs stay.
    """
    text = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", text)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def weight(verdict: Verdict, finding: Finding) -> str:
    """``error`` for what fails the item, ``warning``, or ``note`` for what is only said."""
    if verdict.verdict == FAIL:
        return WARNING if finding.warns else ERROR
    return WARNING if verdict.verdict in (WARN, INCONCLUSIVE) else NOTE


def findings_of(verdict: Verdict) -> tuple[Finding, ...]:
    """The findings of an item; of one that fails or warns and has none, its reason as one."""
    if verdict.findings or verdict.verdict not in (FAIL, WARN):
        return verdict.findings
    said = (
        verdict.reason or next(iter(verdict.notes), "") or f"{subject_of(verdict)}: {verdict.check} {verdict.verdict}"
    )
    return (Finding(verdict.check, said, file=verdict.file),)


def subject_of(verdict: Verdict) -> str:
    """What an item is about, in a few words: a task, a DAG, a file or the repository."""
    return ".".join(part for part in (verdict.dag_id, verdict.task_id) if part) or verdict.file or "the repository"
