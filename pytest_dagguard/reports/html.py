"""One page for people: what failed and why, the operations that lead there, what to change, how to see it again.

The page needs nothing beside itself: no script, no font, no other file. It follows the reader's choice of a light or
a dark screen, and prints.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.verdict import FAIL, INCONCLUSIVE, PASS, WARN, Verdict
from pytest_dagguard.reports._html_style import STYLE
from pytest_dagguard.reports._plain import findings_of, printable, subject_of, weight
from pytest_dagguard.reports.report import Items, Report, RunFacts, save

_SECTIONS = (
    (FAIL, "Failed"),
    (WARN, "Warnings"),
    (INCONCLUSIVE, "Inconclusive"),
    (PASS, "Passed"),
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def write(items: Items, facts: RunFacts, path: Path) -> None:
    """Write the report.

    :raises DagguardError: it cannot be written
    """
    save(path, document(items, facts))


def document(items: Items, facts: RunFacts) -> str:
    """The page."""
    counts = Counter(verdict.verdict for _, verdict in items)
    title = f"dagguard: {', '.join(f'{counts[key]} {key}' for key, _ in _SECTIONS if counts[key]) or 'nothing checked'}"
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_text(_POLICY)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{_text(title)}</title>",
        f"<style>\n{STYLE}</style>",
        "</head>",
        "<body>",
        *_header(counts, facts),
        "<main>",
        *_sections(items),
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(parts) + "\n"


def _header(counts: Counter[str], facts: RunFacts) -> Iterator[str]:
    yield "<header>"
    yield "<h1>dagguard</h1>"
    yield (
        f"<p>pytest-dagguard {_text(facts.dagguard)}, Airflow {_text(facts.airflow)}, Python {_text(facts.python)}, "
        f"{facts.seconds:.0f} s</p>"
    )
    yield '<nav aria-label="Verdicts">'
    for key, name in _SECTIONS:
        label = f"<b>{counts[key]}</b> {_text(name.lower())}"
        yield f'<a class="{key}" href="#{key}">{label}</a>' if counts[key] else f'<span class="none">{label}</span>'
    yield "</nav>"
    yield "</header>"


def _sections(items: Items) -> Iterator[str]:
    if not items:
        yield "<p>Nothing was checked.</p>"
    for key, name in _SECTIONS:
        of_it = [(item, verdict) for item, verdict in items if verdict.verdict == key]
        if not of_it:
            continue
        yield f'<section id="{key}" aria-labelledby="{key}-name">'
        yield f'<h2 id="{key}-name">{_text(name)}</h2>'
        yield from {FAIL: _told, WARN: _told, INCONCLUSIVE: _unclear, PASS: _passed}[key](of_it)
        yield "</section>"


def _told(items: Items) -> Iterator[str]:
    for item, verdict in items:
        yield f'<article class="{verdict.verdict}">'
        yield f"<h3>{_text(subject_of(verdict))} <small>{_text(verdict.check)}</small></h3>"
        yield f'<p class="id"><code>{_text(item)}</code></p>'
        for finding in findings_of(verdict):
            yield from _finding(verdict, finding)
        yield from (f'<p class="note">{_text(note)}</p>' for note in verdict.notes)
        looked = _looked_at(verdict)
        if looked:
            yield f'<p class="checked">{looked}</p>'
        yield "</article>"


def _finding(verdict: Verdict, finding: Finding) -> Iterator[str]:
    yield f'<div class="finding {weight(verdict, finding)}">'
    resource = f" <code>{_text(finding.resource)}</code>" if finding.resource else ""
    yield f'<h4><span class="class">{_text(finding.cls)}</span>{resource}</h4>'
    yield f"<p>{_text(finding.message)}</p>"
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    rows = [
        ("Where", _command(place) if finding.file else ""),
        ("Why", _text(finding.why)),
        ("Fix", _text(finding.fix)),
        ("Seen", f"again in each of {finding.confirmed} repetitions" if finding.confirmed else ""),
        ("Repeat", _command(f"pytest --dagguard --dagguard-replay={finding.replay}") if finding.replay else ""),
    ]
    yield "<dl>"
    yield from (f"<dt>{label}</dt><dd>{text}</dd>" for label, text in rows if text)
    yield "</dl>"
    if finding.history:
        yield "<details open>" if len(finding.history) <= 12 else "<details>"
        yield f"<summary>What happened, {len(finding.history)} lines</summary>"
        yield '<div class="history" tabindex="0"><table>'
        yield from _history(finding.history)
        yield "</table></div></details>"
    yield "</div>"


def _history(lines: Sequence[str]) -> Iterator[str]:
    """A row for each line; its columns are those that a tab separates."""
    width = max(line.rstrip().count("\t") for line in lines) + 1
    for line in lines:
        cells = line.rstrip().split("\t")
        span = width - len(cells) + 1
        last = f'<td colspan="{span}">' if span > 1 else "<td>"
        row = "".join(f"<td>{_text(cell)}</td>" for cell in cells[:-1])
        yield f"<tr>{row}{last}{_text(cells[-1])}</td></tr>"


def _unclear(items: Items) -> Iterator[str]:
    """What came to no verdict, by what keeps it from one; the most frequent first."""
    groups: dict[str, list[tuple[str, Verdict]]] = {}
    for item, verdict in items:
        groups.setdefault(verdict.group or "other reasons", []).append((item, verdict))
    for group, of_it in sorted(groups.items(), key=lambda each: -len(each[1])):
        yield f"<details><summary><b>{len(of_it)}</b> {_text(group)}</summary>"
        yield from _table(("Item", "Reason"), ((item, verdict.reason or "") for item, verdict in of_it))
        yield "</details>"


def _passed(items: Items) -> Iterator[str]:
    said = [(item, verdict) for item, verdict in items if verdict.findings]
    if said:
        yield f"<details><summary><b>{len(said)}</b> with a remark</summary>"
        rows = ((item, f"{each.cls}: {each.message}") for item, verdict in said for each in verdict.findings)
        yield from _table(("Item", "Remark"), rows)
        yield "</details>"
    yield f"<details><summary><b>{len(items)}</b> passed</summary>"
    yield from _table(("Item", "Seconds"), ((item, f"{verdict.seconds:.1f}") for item, verdict in items))
    yield "</details>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield '<div class="wide" tabindex="0"><table>'
    named = "".join(f'<th scope="col">{_text(head)}</th>' for head in heads)
    yield f"<thead><tr>{named}</tr></thead><tbody>"
    for first, *rest in rows:
        cells = "".join(f"<td>{_text(each)}</td>" for each in rest)
        yield f"<tr><td><code>{_text(first)}</code></td>{cells}</tr>"
    yield "</tbody></table></div>"


def _looked_at(verdict: Verdict) -> str:
    checked = verdict.checked
    tried, known = checked.kill_states
    parts = [f"{tried} of {known} kill states"] if known else []
    counted = (("schedules", checked.schedules), ("attempts", checked.attempts), ("operations", checked.operations))
    parts += [f"{count} {what}" for what, count in counted if count]
    cut = "; bounded: the budget cut the search" if checked.bounded else ""
    return f"Checked: {', '.join(parts)} in {verdict.seconds:.1f} s{cut}" if parts else ""


def _command(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _text(text: str) -> str:
    """A text as it stands in the page: nothing in it is read as markup, its line breaks stay."""
    return html.escape(printable(text), quote=True)


REPORT = Report(summary="one page for people, complete in itself", write=write)
