"""Folders that a task looks into and finds empty: what it does with what lies there was not tried."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_dagguard.model.outcome import Outcome

_LISTINGS = frozenset({"ListObjects", "ListObjectsV2", "objects.list"})


def looked_into(outcome: Outcome, actor: str) -> list[str]:
    """Prefixes under which an attempt looked for objects, and nothing was or came to be.

    A client that looks for a folder because there is no object of that name asks for one thing in two ways: that is
    no look into it.

    :returns: names that end in ``*``
    """
    events = [event for event in outcome.history if event.actor == actor]
    lists = [event for event in events if event.operation.verb in _LISTINGS and event.status < 400]
    asked = {name for event in events if event.operation.verb not in _LISTINGS for name in event.operation.reads}
    there = [*outcome.before, *outcome.after, *(name for event in events for name, _ in event.changed)]
    return [
        each
        for each in dict.fromkeys(name for event in lists for name in sorted(event.operation.reads))
        if each.endswith("*") and each[:-1].rstrip("/") not in asked and not _is_under(each[:-1], there)
    ]


def _is_under(prefix: str, names: Iterable[str]) -> bool:
    return any(name.startswith(prefix) for name in names)
