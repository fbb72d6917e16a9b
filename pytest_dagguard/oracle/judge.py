"""The oracle's verdict on one experiment: does the cloud end up as one clean run leaves it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.history import Event, Frame
from pytest_dagguard.model.outcome import Content, Outcome
from pytest_dagguard.oracle.classify import Case, cases, gone, untied
from pytest_dagguard.oracle.diff import EXTRA, compare
from pytest_dagguard.oracle.fold import Folded, fold
from pytest_dagguard.oracle.noise import Clean, template
from pytest_dagguard.oracle.window import Gap, gaps
from pytest_dagguard.oracle.words import fix, fix_for_error, why

_ORDER = ("cannot-finish", "lost", "started-twice", "orphan", "duplicate", "torn", "changed", "leak", "reader-window")
_ERROR_AT_MOST = 300
_NO_SECOND_RUN = "Dag Run already exists, marking task as failed."


@dataclass(frozen=True, slots=True)
class Situation:
    """What was done to the task, and how it came out of it.

    :param fault: words for the fault, ``killed after `s3 PutObject s3://b/k```
    :param scenario: ``twice``, ``killed`` or ``concurrent``
    :param cleared: the second attempt is somebody's clear rather than Airflow's own retry
    :param finished: the last attempt that counts succeeded
    :param end: that attempt
    """

    fault: str
    scenario: str
    cleared: bool
    finished: bool
    end: AttemptResult


def judge(
    clean: Clean, outcome: Outcome, situation: Situation, content: Content, strict: bool = False
) -> tuple[Finding, ...]:
    """Compare what an experiment left with what one clean run leaves.

    :param clean: as learned from two clean runs, and not unstable
    :param content: gives bytes by digest, of the clean runs and of this one
    :param strict: where the last attempt did not succeed, report every difference and not only lost data
    :returns: findings, the gravest first; none where all is as after one clean run
    :raises ValueError: ``clean`` is unstable, so there is nothing to compare with
    :raises KeyError: ``content`` does not know a digest
    """
    if clean.unstable:
        raise ValueError(f"there is no clean run to compare with: {clean.unstable}")
    differences = compare(clean, outcome.after, content)
    findings: list[Finding] = []
    if not situation.finished:
        findings.append(_cannot_finish(clean, outcome, situation))
        if not strict:
            differences = gone(outcome, differences, content)
    if situation.scenario == "twice":
        # a rerun that succeeds produces its events again, and is meant to: a remark
        differences = [each for each in differences if (each.kind, each.how) != ("asset-event", EXTRA)]
    said = cases(clean, outcome, differences, content)
    if situation.finished:
        said += untied(clean, outcome, content)
    found = fold(said)
    findings.extend(_finding(each, outcome, situation) for each in found)
    findings.extend(_windows(clean, outcome, situation))
    return tuple(sorted(findings, key=lambda each: _ORDER.index(each.cls)))


def _finding(folded: Folded, outcome: Outcome, situation: Situation) -> Finding:
    first = folded.cases[0]
    site = _site(first, outcome)
    return Finding(
        cls=first.cls,
        message=folded.message,
        resource=folded.resource,
        file=site.file if site else "",
        line=site.line if site else 0,
        why=why(first.cls, first.tag, situation.fault, situation.scenario, situation.cleared),
        fix=fix(first.cls, first.tag, folded.resource, situation.scenario),
    )


def _site(case: Case, outcome: Outcome) -> Frame | None:
    """The line that brought it about: the last change of the resource whose caller is known."""
    wanted = ("deleted",) if case.cls == "lost" and case.tag in ("gone", "fewer") else ("created", "changed")
    for event in reversed(outcome.history):
        if event.site and any(name == case.name and what in wanted for name, what in event.changed):
            return event.site[0]
    return None


def _cannot_finish(clean: Clean, outcome: Outcome, situation: Situation) -> Finding:
    end = situation.end
    error = " ".join(_error(end).split())
    error = error if len(error) <= _ERROR_AT_MOST else error[: _ERROR_AT_MOST - 3] + "..."
    who = {"twice": "the second run", "concurrent": "the last attempt"}.get(
        situation.scenario, "the task, cleared by somebody," if situation.cleared else "the retry"
    )
    resource = _named(end.error[:_ERROR_AT_MOST], outcome)
    about = f" (about {template(resource, clean)})" if resource and resource not in error else ""
    said = f"fails: {error}" if error else f"does not succeed: it ends as {end.state or 'unknown'}"
    site = end.trace[0] if end.trace else None
    fault = situation.fault[:1].upper() + situation.fault[1:]
    return Finding(
        cls="cannot-finish",
        message=f"{who[:1].upper()}{who[1:]} {said}{about}",
        resource=template(resource, clean) if resource else "",
        file=site.file if site else "",
        line=site.line if site else 0,
        why=f"{fault + '. ' if fault else ''}One clean run succeeds; from the state that the fault leaves, "
        "the task does not.",
        fix=fix_for_error(f"{end.error_kind} {_error(end)}"),
    )


def _error(end: AttemptResult) -> str:
    """What the task ended with; where Airflow itself fails it without an exception, its log alone says why."""
    return end.error or (_NO_SECOND_RUN if _NO_SECOND_RUN in end.log else "")


def _named(error: str, outcome: Outcome) -> str:
    """The resource that an error text speaks of: the one with the longest name, key or last part that is in it."""
    best, length = "", 0
    for name in (*outcome.after, *outcome.before, *_resources(outcome.history)):
        path = name.partition("://")[2]
        key = path.partition("/")[2]
        for form in (name, path, key):
            # Very short keys are in any text.
            if len(form) > max(length, 3) and form in error:
                best, length = name, len(form)
    return best


def _resources(history: Sequence[Event]) -> list[str]:
    return [event.operation.resource for event in history if not event.operation.resource.endswith("*")]


def _windows(clean: Clean, outcome: Outcome, situation: Situation) -> list[Finding]:
    found = gaps(clean, outcome, situation.scenario == "twice")
    by_folder: dict[str, list[Gap]] = {}
    for gap in found:
        by_folder.setdefault(gap.label.rpartition("/")[0], []).append(gap)
    return [_window(folder, members, situation) for folder, members in sorted(by_folder.items())]


def _window(folder: str, members: list[Gap], situation: Situation) -> Finding:
    first = members[0]
    deleted, created = sum(each.deleted for each in members), sum(each.created for each in members)
    counts = f"deleted {_times(deleted)} and created {_times(created)} on the way"
    if len(members) == 1:
        resource = first.label
        message = f"{resource} was there before and is there after, but not all the time in between: {counts}"
    else:
        resource = f"{folder}/*"
        message = (
            f"{folder}/: {len(members):,} objects were there before and are there after, but not all the time in "
            f"between ({', '.join(each.label.rpartition('/')[2] for each in members[:3])}"
            f"{', ...' if len(members) > 3 else ''}): {counts}"
        )
    site = first.event.site[0] if first.event.site else None
    return Finding(
        cls="reader-window",
        message=message,
        resource=resource,
        file=site.file if site else "",
        line=site.line if site else 0,
        why=why("reader-window", "gap", situation.fault, situation.scenario, situation.cleared),
        fix=fix("reader-window", "gap", resource, situation.scenario),
    )


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")
