"""Keeping track of what was found, and repeating what is new."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.plan import Hit, Judged, Search, Trial

TIMES = 3
"""A finding is reported when it shows in each of this many repetitions."""


def follow_up(found: Search, trial: Trial, judged: Judged, again: Trial) -> Generator[Trial, Judged, None]:
    """Take in what a trial came to; repeat it where it shows something that is not known yet.

    :param again: the trial that confirms
    """
    if judged.outcome.unreachable:
        found.unreached.append((judged.outcome.unreachable, judged.outcome.group))
        return
    known = {_key(hit.finding) for hit in found.hits}
    fresh = {_key(each): each for each in judged.findings if _key(each) not in known}
    if not fresh:
        return
    shown = dict.fromkeys(fresh, 0)
    for _ in range(TIMES):
        repeated = yield replace(again, again=True)
        if not repeated.outcome.unreachable:
            for key in {_key(each) for each in repeated.findings} & shown.keys():
                shown[key] += 1
    for key, finding in fresh.items():
        if shown[key] == TIMES:
            found.hits.append(Hit(finding, trial, judged.outcome, shown[key], TIMES))
        else:
            reason = f"{finding.cls} showed once, and then in {shown[key]} of {TIMES} repetitions when {again.fault}"
            found.unreached.append((reason, "do not repeat"))


def _key(finding: Finding) -> tuple[str, str]:
    return finding.cls, finding.resource
