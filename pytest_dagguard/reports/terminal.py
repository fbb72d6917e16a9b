"""What people read on the terminal: the text of a failed item, and the summary at the end. Text only, no colours."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pytest_dagguard.model.finding import CLASSES, Finding
from pytest_dagguard.model.verdict import BOUND, FAIL, INCONCLUSIVE, PASS, REPEATED, UNTESTED, WARN, Verdict

WIDTH = 100
_FULL = 5
"""So many findings are told in full; of the rest the first sentence. The reports for programs have everything."""
_HISTORY = 80
_HISTORY_HEAD = 20
_NAMED = 3

_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def failure(verdict: Verdict, root: Path) -> str:
    """The text of an item that failed, or that ``--dagguard-strict`` lets fail.

    :param root: folder from which the files of findings are quoted
    """
    blocks = [_wrapped(_headline(verdict))]
    if verdict.reason:
        blocks.append(_wrapped(verdict.reason))
    many = len(verdict.findings) > 1
    for number, finding in enumerate(verdict.findings[:_FULL], start=1):
        told = _leads(verdict) and not many
        blocks.append(_finding(finding, root, f"{number}. " if many else "", verdict.check, told))
    if rest := verdict.findings[_FULL:]:
        lines = [f"{len(rest)} more:", *(_wrapped(f"{_place(each)}{each.cls}: {each.message}", "  ") for each in rest)]
        blocks.append("\n".join(lines))
    blocks.extend(_wrapped(f"Note: {note}", hang="      ") for note in verdict.notes)
    blocks.append("\n".join(_ending(verdict)))
    return _printable("\n\n".join(block for block in blocks if block))


def summary(verdicts: Sequence[Verdict], notes: bool = False) -> list[str]:
    """The lines below pytest's own: what is inconclusive and why, what the budget cut, and warnings, of each rule no
    more than a few.

    :param notes: tell all warnings, and what rules note, too
    """
    lines = []
    inconclusive = [verdict for verdict in verdicts if verdict.verdict == INCONCLUSIVE]
    if inconclusive:
        lines.append(f"{len(inconclusive)} inconclusive{_groups(inconclusive)}")
    bounded = [node_id(verdict) for verdict in verdicts if verdict.checked.bounded and verdict.verdict != INCONCLUSIVE]
    if bounded:
        named = ", ".join(bounded[:_NAMED])
        more = f" and {len(bounded) - _NAMED} more" if len(bounded) > _NAMED else ""
        lines.append(f"{len(bounded)} bounded, cut by --dagguard-budget: {named}{more}")
    told: Counter[str] = Counter()
    for verdict in verdicts:
        if verdict.verdict == WARN:
            for line in _warnings(verdict):
                told[verdict.check] += 1
                if notes or verdict.kind != "rule" or told[verdict.check] <= _NAMED:
                    lines.append(line)
    for check, count in told.items():
        if not notes and count > _NAMED and any(each.check == check and each.kind == "rule" for each in verdicts):
            lines.append(f"warn and {count - _NAMED} more of {check} (-v tells all; --dagguard-explain {check})")
    lines += _untested(verdicts)
    if notes:
        lines += [_note(each, verdict) for verdict in verdicts if verdict.verdict == PASS for each in verdict.findings]
    return [_printable(line.replace("\n", " ")) for line in lines]


def _untested(verdicts: Sequence[Verdict]) -> list[str]:
    """What passes do not cover, and what they make a retry do again; each once, with the items that it is about."""
    about: dict[str, list[str]] = {}
    for verdict in verdicts:
        for note in verdict.notes:
            if note.startswith((UNTESTED, REPEATED, BOUND)) and verdict.passed:
                about.setdefault(note, []).append(node_id(verdict))
    return [
        f"{note} ({items[0]}{f' and {len(items) - 1} more' if len(items) > 1 else ''})" for note, items in about.items()
    ]


def node_id(verdict: Verdict) -> str:
    """The item's id, as pytest takes it on the command line."""
    return "::".join(part for part in (verdict.file or ".", _subject(verdict), verdict.check) if part)


def _subject(verdict: Verdict) -> str:
    return ".".join(part for part in (verdict.dag_id, verdict.task_id) if part)


def _headline(verdict: Verdict) -> str:
    subject = _subject(verdict) or verdict.file or "the repository"
    if verdict.kind == "load":
        return f"{verdict.file} does not load."
    check = f'the rule "{verdict.check}"' if verdict.kind == "rule" else f'the scenario "{verdict.check}"'
    if verdict.verdict == INCONCLUSIVE:
        return f"{subject}: {check} is inconclusive, which --dagguard-strict counts as a failure."
    if verdict.verdict == WARN:
        return f"{subject}: {check} gives a warning, which --dagguard-strict counts as a failure."
    if _leads(verdict):
        rest = len(verdict.findings) - 1
        return verdict.findings[0].message + (f" (and {rest} more)" if rest else "")
    if verdict.kind == "rule":
        return f"{subject} does not keep {check}."
    how = "the cloud does not end as one clean run leaves it"
    if verdict.check == "endless":
        how = "where a job never ends, nothing stops it"
    return f"{subject} does not withstand {check}: {how}."


def _leads(verdict: Verdict) -> bool:
    """Say whether the message of the first finding is the headline: it is what pytest shows in its own summary."""
    return verdict.kind == "rule" and verdict.verdict == FAIL and bool(verdict.findings)


def _finding(finding: Finding, root: Path, number: str, check: str, told: bool = False) -> str:
    """
    :param told: its message is the headline
    """
    title = f"{number}{finding.cls}" + (f": {finding.resource}" if finding.resource else "")
    parts = [title if told else f"{title}\n{_wrapped(finding.message, '  ')}"]
    if finding.file:
        parts.append(_quoted(finding, root))
    if finding.history:
        parts.append("\n".join(["  What happened:", *_history(finding.history)]))
    parts.append(
        "\n".join(
            _wrapped(f"{label} {text}", "  ", " " * (len(label) + 3))
            for label, text in (("Why: ", finding.why), ("Fix: ", finding.fix), ("Seen:", _seen(finding, check)))
            if text
        )
    )
    return "\n\n".join(part for part in parts if part)


def _seen(finding: Finding, check: str) -> str:
    if not finding.confirmed:
        return ""
    fault = " with a real SIGKILL" if check == "killed" else ""
    return f"again in each of {finding.confirmed} {_plural(finding.confirmed, 'repetition')}{fault}"


def _quoted(finding: Finding, root: Path) -> str:
    """The place to look at, with its line as it is in the file."""
    if not finding.line:
        return f"  {finding.file}"
    try:
        lines = (root / finding.file).read_text(encoding="utf-8", errors="replace").splitlines()
        source = lines[finding.line - 1].strip() if finding.line > 0 else ""
    except (OSError, ValueError, IndexError):
        source = ""
    place = f"  {finding.file}:{finding.line}"
    return f"{place}\n    > {textwrap.shorten(source, WIDTH * 2, placeholder=' ...')}" if source else place


def _history(lines: Sequence[str]) -> Iterator[str]:
    """Operations as they were handed in; columns that a tab separates are aligned, the middle of a long one is cut."""
    rows = list(_aligned(lines))
    if len(rows) > _HISTORY:
        cut = len(rows) - _HISTORY
        tail = len(rows) - (_HISTORY - _HISTORY_HEAD)
        rows = [*rows[:_HISTORY_HEAD], f"... {cut} more {_plural(cut, 'operation')} ...", *rows[tail:]]
    for row in rows:
        yield _wrapped(row, "    ", "        ")


def _aligned(lines: Iterable[str]) -> Iterator[str]:
    rows = [line.rstrip().split("\t") for line in lines]
    # The last cell of a row does not count: a sentence between the rows shall not push the columns apart.
    widths = [
        max((len(row[n]) for row in rows if len(row) > n + 1), default=0) for n in range(max(len(row) for row in rows))
    ]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()


def _ending(verdict: Verdict) -> Iterator[str]:
    """How much was looked at, how to see it again, where to read more."""
    looked = _looked_at(verdict)
    if looked:
        yield _wrapped(f"Checked: {looked}", hang="         ")
    for number, finding in enumerate(verdict.findings[:_FULL], start=1):
        if finding.replay:
            only = f"  ({number})" if len(verdict.findings) > 1 else ""
            yield f"Repeat:  pytest --dagguard --dagguard-replay={finding.replay}{only}"
    # Ids and commands are to be copied, so they are not wrapped.
    yield f"Again:   pytest --dagguard{_options(verdict)} {shlex.quote(node_id(verdict))}"
    found = dict.fromkeys(finding.cls for finding in verdict.findings)
    known = [cls for cls in found if cls in CLASSES or verdict.kind == "rule"]
    if known:
        yield f"More:    pytest --dagguard-explain {known[0]}"


def _options(verdict: Verdict) -> str:
    return f" --dagguard-scenarios {verdict.check}" if verdict.kind == "scenario" else ""


def _looked_at(verdict: Verdict) -> str:
    checked = verdict.checked
    tried, known = checked.kill_states
    parts = []
    if known:
        parts.append(f"{tried} of {known} {_plural(known, 'kill state')}")
    for count, what in (
        (checked.schedules, "schedule"),
        (checked.attempts, "attempt"),
        (checked.operations, "operation"),
    ):
        if count:
            parts.append(f"{count} {_plural(count, what)}")
    if not parts:
        return ""
    bounded = "; bounded: --dagguard-budget cut the search" if checked.bounded else ""
    return f"{', '.join(parts)} in {verdict.seconds:.1f} s{bounded}"


def _groups(verdicts: Sequence[Verdict]) -> str:
    """``: 9 need BigQuery, 3 lack seed data``, the most frequent first."""
    counts = Counter(verdict.group for verdict in verdicts)
    others = counts.pop("", 0)
    if not counts:
        return ""
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    parts = [f"{count} {group}" for group, count in ordered] + ([f"{others} for other reasons"] if others else [])
    return f": {', '.join(parts)}"


def _warnings(verdict: Verdict) -> Iterator[str]:
    who = f"{_subject(verdict)} {verdict.check}".strip()
    for finding in verdict.findings:
        place = _place(finding) or (verdict.file and f"{verdict.file}: ")
        kind = "" if finding.cls == verdict.check else f"{finding.cls}: "
        yield f"warn {place}{who}: {kind}{finding.message}"
    if not verdict.findings:
        yield f"warn {verdict.file and f'{verdict.file}: '}{who}{f': {verdict.reason}' if verdict.reason else ''}"


def _note(finding: Finding, verdict: Verdict) -> str:
    return f"note {_place(finding) or f'{node_id(verdict)}: '}{finding.cls}: {finding.message}"


def _place(finding: Finding) -> str:
    if not finding.file:
        return ""
    return f"{finding.file}:{finding.line}: " if finding.line else f"{finding.file}: "


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"


def _wrapped(text: str, indent: str = "", hang: str = "") -> str:
    """Text in lines of at most :data:`WIDTH` columns. Its own line breaks stay; names and paths are not broken.

    :param indent: before the first line of each paragraph
    :param hang: before the lines that go on, where that is further in than ``indent``
    """
    return "\n".join(
        textwrap.fill(
            line.rstrip(),
            WIDTH,
            initial_indent=indent,
            subsequent_indent=max(indent, hang, key=len),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in _CONTROL.sub("", text).strip("\n").split("\n")
    )


def _printable(text: str) -> str:
    """Without what would colour or move the terminal, or could not be encoded for it."""
    return _CONTROL.sub("", text).encode("utf-8", "backslashreplace").decode("utf-8")
