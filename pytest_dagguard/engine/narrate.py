"""Telling a history: one line an operation, with the line of the repository that made it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.history import Event
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Befall, Point, Terminate, Trial

QUIET = frozenset({"dagrun.previous", "ti.heartbeat", "rtif.set", "ti.start", "connection.get", "variable.get"}) | {
    "metadata.account",
    "metadata.token",
}
"""Bookkeeping that is left out unless the fault falls on it."""

NAMES = ("/pod_name", "/pod_namespace")
"""XComs in which operators note what they have started: left out likewise, unless the finding is about them."""

MOST_LINES = 60
"""Of a longer history the middle is left out."""

_BEFALLS = {"evicted": "is evicted", "node-lost": "loses its node", "oom-killed": "runs out of memory"}

Row = tuple[str, str, str, str] | str
"""Actor, operation, effect and place; or a whole line."""


def place(event: Event, points: Sequence[Point], root: Path, file: str, task: Task) -> tuple[str, int]:
    """File (relative to the root) and line that made an operation: its own site, the clean run's, or the task's."""
    site = event.site
    if not site:
        named = (event.operation.verb, event.operation.resource)
        site = next(
            (
                each.event.site
                for each in points
                if each.event.site
                and ((each.event.operation.verb, each.event.operation.resource) == named or _fits(each, event))
            ),
            (),
        )
    if site:
        return relative(site[0].file, root), site[0].line
    return relative(file, root), task.line


def _fits(point: Point, event: Event) -> bool:
    return point.selector.fits(event.operation)


def culprit(finding: Finding, history: Sequence[Event], template: Callable[[str], str]) -> Event | None:
    """The operation that brought a finding about, as far as the history tells: the last that changed the resource.

    :param template: gives the templated form of a name, which is how findings name resources; ``*`` at the end of one
        stands for all in a folder
    """
    wanted = finding.resource

    def concerns(name: str) -> bool:
        label = template(name)
        return label.startswith(wanted[:-1]) if wanted.endswith("*") else label == wanted

    found = [(event, what) for event in history for name, what in event.changed if wanted and concerns(name)]
    deletions = [each for each in found if each[1] == "deleted"] if finding.cls in ("lost", "reader-window") else []
    events = [event for event, _ in deletions or found]
    return events[-1] if events else None


def relative(file: str, root: Path) -> str:
    """A path as the user would type it."""
    return os.path.relpath(file, root) if file and Path(file).is_relative_to(root) else file


def tell(
    outcome: Outcome,
    trial: Trial,
    where: Callable[[Event], tuple[str, int]],
    about: str = "",
) -> tuple[str, ...]:
    """The operations of all attempts as aligned lines, the fault among them.

    :param about: the resource that the finding is about
    """
    rows: list[Row] = []
    for event in outcome.history:
        stops = not event.answered
        if not stops and (_is_quiet(event) or (_is_a_note(event) and not about.endswith(NAMES))):
            continue
        file, line = where(event)
        effect = ", ".join(dict.fromkeys(what for _, what in event.changed)) or _answer(event)
        rows.append((event.actor, f"{event.operation.verb} {event.operation.resource}", effect, f"{file}:{line}"))
        if stops:
            rows.append(f"    ^^^ {event.actor} {_fate(trial, outcome, event.actor)} here")
    rows = _once(rows)
    rows.extend(_ends(outcome.results.values()))
    table = [each for each in rows if isinstance(each, tuple)]
    widths = [max((len(row[column]) for row in table), default=0) for column in range(3)]
    widths = [widths[0], min(widths[1], 60), widths[2]]
    lines = [row if isinstance(row, str) else _aligned(row, widths) for row in rows]
    if len(lines) > MOST_LINES:
        cut = len(lines) - MOST_LINES
        lines = [*lines[: MOST_LINES // 2], f"    ... {cut} operations ...", *lines[-MOST_LINES // 2 :]]
    return tuple(line.rstrip() for line in lines)


def _is_quiet(event: Event) -> bool:
    verb = event.operation.verb
    # that Airflow refuses a start or an end is part of the story
    return verb in QUIET - {"ti.start"} or (verb in ("ti.start", "ti.state") and event.status < 400)


def _is_a_note(event: Event) -> bool:
    return event.operation.verb.startswith("xcom.") and event.operation.resource.endswith(NAMES)


def _once(rows: Sequence[Row]) -> list[Row]:
    """Rows that follow one another and say the same are told once, with their number: polls, most of the time."""
    found: list[Row] = []
    for row, same in itertools.groupby(rows):
        count = sum(1 for _ in same)
        if count > 1 and isinstance(row, tuple):
            row = (*row[:2], f"{row[2]}, {count} times", *row[3:])
        found.append(row)
    return found


def _aligned(row: tuple[str, ...], widths: Sequence[int]) -> str:
    return "  ".join([*(f"{text:<{width}}" for text, width in zip(row, widths, strict=False)), *row[len(widths) :]])


def _answer(event: Event) -> str:
    if event.status >= 400:
        return f"HTTP {event.status}"
    return "-" if event.operation.writes else "read"


def _fate(trial: Trial, outcome: Outcome, actor: str) -> str:
    """What comes to an attempt at an operation whose answer is withheld."""
    if any(isinstance(step, Terminate) and actor == f"attempt {step.attempt}" for step in trial.schedule):
        return "gets SIGTERM"
    fates = [step.fate for step in trial.schedule if isinstance(step, Befall)]
    if fates and not actor.startswith("attempt "):
        return _BEFALLS[fates[0]]
    ended = outcome.results.get(actor)
    return "is killed" if ended is not None and ended.state == "killed" else "is frozen"


def _ends(results: Iterable[AttemptResult]) -> list[str]:
    lines = []
    for each in results:
        detail = f": {each.error.splitlines()[0][:160]}" if each.error else ""
        if each.state != "killed":
            lines.append(f"{each.actor} ends {each.state}{detail}")
    return lines
