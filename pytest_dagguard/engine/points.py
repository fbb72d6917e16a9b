"""The operations of an attempt as places at which something can be done to it, and the states between them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Point
from pytest_dagguard.model.state import Entry
from pytest_dagguard.oracle import noise

WORDS = {"ti.start": "its start", "rtif.set": "rendering its templates", "ti.state": "reporting its end"}
"""What some operations of the Execution API are to a data engineer."""


def points_of(outcome: Outcome, clean: noise.Clean, actor: str = "attempt 1") -> tuple[Point, ...]:
    """The operations of one attempt, up to where it reports its end, each with what finds it again in another run."""
    points: list[Point] = []
    seen: dict[tuple[str, str, str], int] = {}
    changes: dict[str, str] = {}
    ends = [each for each in outcome.history if each.actor == actor and each.operation.verb == "ti.state"]
    for event in outcome.history:
        changes.update((name, digest) for (name, _), digest in zip(event.changed, event.digests, strict=True))
        if event.actor != actor:
            continue
        if ends and points and points[-1].event is ends[-1]:
            break  # once its end is reported there is nobody who would try again
        operation = event.operation
        pattern = noise.pattern(operation.resource, clean)
        if operation.resource.startswith("ti://"):
            # a task instance's own bookkeeping is the same operation at each try, under the number of that try
            pattern = re.escape(operation.resource.rpartition("#")[0]) + r"#\d+"
        key = (operation.service, operation.verb, pattern)
        seen[key] = seen.get(key, 0) + 1
        name = WORDS.get(operation.verb) or f"{operation.verb} {noise.template(operation.resource, clean)}"
        points.append(Point(event, Selector(*key, seen[key]), name, _state(changes, outcome.before, clean)))
    return tuple(points)


def _state(changes: Mapping[str, str], before: Mapping[str, Entry], clean: noise.Clean) -> int:
    """A number for what differs from the state before, equal for states that differ in volatile names alone.

    What need not be idempotent is no part of it: an append-only log would make a new state of each try.
    """
    rows = sorted(
        (noise.template(name, clean), digest)
        for name, digest in changes.items()
        if digest != (before[name].digest if name in before else "") and not noise.is_ignored(name, clean.ignored)
    )
    if not rows:
        return 0
    return int.from_bytes(hashlib.blake2b(repr(rows).encode(), digest_size=8).digest(), "big")
