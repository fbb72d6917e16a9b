"""A verdict: what one item of the run came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pytest_dagguard.model.finding import Finding

PASS, FAIL, WARN, INCONCLUSIVE = "pass", "fail", "warn", "inconclusive"

REPEATED = "work is repeated: "
"""Begins a note on what a retry does again after a kill near the end."""

UNTESTED = "not tested: "
"""Begins a note on what a pass does not cover; such notes are told even where all passes."""

BOUND = "bound: "
"""Begins a note on how long a job that never ends goes on; told even where all passes."""


@dataclass(frozen=True, slots=True)
class Checked:
    """How much was looked at.

    :param kill_states: (tried, known) states in which a kill can leave the cloud
    :param closed: True where every state that any number of kills can reach was tried
    :param schedules: orders of two attempts that were run
    :param attempts: processes that were run
    :param operations: operations that took effect in them
    :param bounded: True where the budget ended the search
    """

    kill_states: tuple[int, int] = (0, 0)
    closed: bool = False
    schedules: int = 0
    attempts: int = 0
    operations: int = 0
    bounded: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one item came to.

    :param kind: ``rule``, ``scenario`` or ``load``
    :param check: name of the scenario or rule
    :param verdict: ``pass``, ``fail``, ``warn`` or ``inconclusive``
    :param reason: why it is inconclusive, one line; None otherwise
    :param group: a few words by which inconclusive items are counted together, ``need BigQuery``
    :param notes: remarks that change nothing, one line each
    :param logs: attempt name -> its log, for what failed
    """

    kind: str
    check: str
    verdict: str
    file: str = ""
    dag_id: str = ""
    task_id: str = ""
    reason: str | None = None
    group: str = ""
    seconds: float = 0.0
    checked: Checked = field(default_factory=Checked)
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    logs: Mapping[str, str] = field(default_factory=dict)
    text: str = ""

    @property
    def passed(self) -> bool:
        """True for pass and warn."""
        return self.verdict in (PASS, WARN)

    def __repr__(self) -> str:
        # of ``assert verdict.passed, verdict`` pytest shows this, and breaks lines where the text has a ``\\n``
        return str(self).replace("\n", "\\n")

    def __str__(self) -> str:
        return self.text or f"{self.check}: {self.verdict}" + (f" ({self.reason})" if self.reason else "")


def together(check: str, each: Sequence[Verdict]) -> Verdict:
    """One verdict for several passes of one file: their findings, which are notes, and how many there are."""
    first = each[0] if each else Verdict("rule", check, PASS)
    kept = sum(1 for one in each if not one.findings)
    return Verdict(
        first.kind,
        check,
        PASS,
        first.file,
        seconds=sum(one.seconds for one in each),
        findings=tuple(finding for one in each for finding in one.findings),
        notes=(f"{kept} of {len(each)} rules kept", *(note for one in each for note in one.notes)),
    )


def to_plain(verdict: Verdict) -> dict[str, Any]:
    """A verdict as dictionaries, lists and texts, for the way between processes."""
    return {**asdict(verdict), "logs": dict(verdict.logs)}


def from_plain(plain: Mapping[str, Any]) -> Verdict:
    """The verdict that :func:`to_plain` was given."""
    checked = {**plain["checked"], "kill_states": tuple(plain["checked"]["kill_states"])}
    findings = tuple(Finding(**{**each, "history": tuple(each["history"])}) for each in plain["findings"])
    rest = {**plain, "checked": Checked(**checked), "findings": findings, "notes": tuple(plain["notes"])}
    return Verdict(**rest)
