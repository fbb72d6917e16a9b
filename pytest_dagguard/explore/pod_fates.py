"""What can befall a pod that is no fault of its task: each fate once, on the first pod that the task starts.

It is evicted, or its node is lost, or it runs out of memory: before it has done anything, and after the first and the
last operation by which it changes something (these two find nearly all that any place does, as with kills). Or it stays
Pending for longer than the task waits for it, and starts then. The task fails, or is tried again: what counts is how
the cloud ends up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import replace

from pytest_dagguard.explore.confirm import follow_up
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Befall, Judged, Plan, Point, Run, Search, Trial

_STARTS = ("create pods", "create jobs.batch", "create sparkapplications.sparkoperator.k8s.io")
_LATE = 30.0
"""Seconds by which a pod starts later than it is waited for: when every operator has looked, and the next try is under
way."""

_WORDS = {
    "pending": "its pod stays Pending for longer than it is waited for, and starts then",
    "evicted": "its pod is evicted",
    "node-lost": "the node of its pod is lost",
    "oom-killed": "its pod runs out of memory",
}

_AT_WORK = ("evicted", "node-lost")
"""Where it falls on a pod that works, one that runs out of memory ends as one that is evicted does."""


def befall(plan: Plan, points: tuple[Point, ...], found: Search) -> Generator[Trial, Judged, None]:
    """Try each fate where the task starts a pod, and add to ``found`` what comes of it."""
    start = next((each for each in points if each.event.operation.verb in _STARTS and each.event.changed), None)
    if start is None:
        return
    queue = deque(_trial(plan, fate, 0, start) for fate in _WORDS)
    learned = False
    while queue:
        trial = queue.popleft()
        judged = yield trial
        judged = replace(judged, findings=tuple(each for each in judged.findings if not _is_a_note(each)))
        found.schedules += 1
        yield from follow_up(found, trial, judged, trial)
        if not learned and not judged.outcome.unreachable:
            learned = True
            places = tuple(_places(judged.outcome))
            queue.extend(_trial(plan, fate, place, start) for place in places for fate in _AT_WORK)
        if judged.late and queue:
            found.bounded = True
            found.remarks.append(f"the budget ended the search before {len(queue)} fates of its pod were tried")
            return


def _is_a_note(finding: Finding) -> bool:
    """Say whether it is about the XCom in which KubernetesJobOperator keeps its Job, counts of failed pods and all."""
    return finding.cls == "changed" and finding.resource.startswith("xcom://") and finding.resource.endswith("/job")


def _trial(plan: Plan, fate: str, place: int, start: Point) -> Trial:
    delay = plan.pending + _LATE if fate == "pending" else 0.0
    words = _WORDS[fate] + (f" after {place} of its operations" if place else "")
    return Trial((Befall(fate, place, delay), Run(1, retries=plan.retries)), words, start)


def _places(outcome: Outcome) -> Iterator[int]:
    """After how many of its operations the last pod that worked has changed something first, and last."""
    pods = [each for each in outcome.history if each.actor.startswith("pod ")]
    writes = [each.index + 1 for each in pods if each.actor == pods[-1].actor and each.changed]
    yield from dict.fromkeys((*writes[:1], *writes[-1:]))
