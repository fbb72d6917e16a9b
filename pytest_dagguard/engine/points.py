"""The operations of an attempt as places at which something can be done to it, and the states between them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

from pytest_dagguard.model.history import History
from pytest_dagguard.model.operation import Selector, touches
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Point
from pytest_dagguard.oracle import noise
from pytest_dagguard.oracle.canonical import Canon

WORDS = {"ti.start": "its start", "rtif.set": "rendering its templates", "ti.state": "reporting its end"}
"""What some operations of the Execution API are to a data engineer."""


def points_of(outcome: Outcome, canon: Canon, actor: str = "attempt 1") -> tuple[Point, ...]:
    """The operations of one attempt, up to where it reports its end, each with what finds it again in another run."""
    clean = canon.clean
    points: list[Point] = []
    seen: dict[tuple[str, str, str], int] = {}
    changes: dict[str, str] = {}
    beside: dict[str, tuple[tuple[str, str], ...]] = {}
    ends = [each for each in outcome.history if each.actor == actor and each.operation.verb == "ti.state"]
    over = False
    unseen = _unseen_uploads(outcome.history)
    for event in outcome.history:
        pairs = zip(event.changed, event.digests, strict=True)
        changes.update((name, digest) for (name, _), digest in pairs if name not in unseen)
        beside.update((name, headers) for (name, _), headers in zip(event.changed, event.headers, strict=False))
        if event.actor != actor:
            continue
        if over:
            break  # once its end is reported there is nobody who would try again
        if ends and event is ends[-1]:
            # nor if it is killed right after: what the report brings about is no state that a retry could meet
            over, event = True, replace(event, changed=(), digests=(), headers=())
        operation = event.operation
        pattern = noise.pattern(operation.resource, clean)
        if operation.resource.startswith("ti://"):
            # a task instance's own bookkeeping is the same operation at each try, under the number of that try
            pattern = re.escape(operation.resource.rpartition("#")[0]) + r"#\d+"
        key = (operation.service, operation.verb, pattern)
        seen[key] = seen.get(key, 0) + 1
        name = WORDS.get(operation.verb) or f"{operation.verb} {noise.template(operation.resource, clean)}"
        points.append(
            Point(event, Selector(*key, seen[key]), name, _state(canon.rows(changes, outcome.before, beside)))
        )
    return tuple(points)


def _unseen_uploads(history: History) -> set[str]:
    """Unfinished uploads of which no other attempt has taken notice, where there was another: they lead to nothing.

    Each killed try may leave one, at each of its chunks; to a task that does not look for them all that is one state.
    """
    begun = {name: event.actor for event in history for name, _ in event.changed if "-upload://" in name}
    if len({event.actor for event in history}) < 2:
        return set()

    def is_seen(name: str, by: str) -> bool:
        one = frozenset({name})
        return any(
            event.actor != by and (touches(one, event.operation.reads) or name in event.operation.writes)
            for event in history
        )

    return {name for name, actor in begun.items() if not is_seen(name, actor)}


def _state(rows: list[tuple[str, str]]) -> int:
    """A number for what differs from the state before, equal for states that differ in what varies alone."""
    if not rows:
        return 0
    return int.from_bytes(hashlib.blake2b(repr(rows).encode(), digest_size=8).digest(), "big")
