"""The reader window: something that was there before and is there after, but for a while was not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pytest_dagguard.model.history import Event, History
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.state import Entry
from pytest_dagguard.oracle import kinds
from pytest_dagguard.oracle.names import readable
from pytest_dagguard.oracle.noise import Clean, is_ignored

NOT_READ = frozenset(
    {
        "upload",
        "bucket",
        "xcom",
        "task-state",
        "variable",
        "child-run",
        "job",
        "pod",
        "k8s-job",
        "pods-at-once",
        "asset-event",
        "message",
        "queue",
        "topic",
    }
)
"""Kinds that nobody outside of the task reads as data."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A resource that was away for a while.

    :param key: key of the templated name
    :param name: one concrete name
    :param deleted: how often something of this template was deleted in the history
    :param created: how often it was created
    :param event: the one that took the last of them away
    """

    key: str
    name: str
    deleted: int
    created: int
    event: Event

    @property
    def label(self) -> str:
        """The templated name for people."""
        return readable(self.key)


@dataclass(slots=True)
class _Track:
    present: set[str] = field(default_factory=set)
    was_there: bool = False
    gone_at: Event | None = None
    gap: Event | None = None
    deleted: int = 0
    created: int = 0


def gaps(clean: Clean, outcome: Outcome, second_only: bool) -> list[Gap]:
    """Find what readers found missing for a while, by template: ``part-<uuid>`` is away when the last one is.

    :param second_only: look only at what comes after the first attempt; what that one left counts as there before
    """
    tracks: dict[str, _Track] = {}
    known = {name: entry.kind for state in (outcome.before, outcome.after) for name, entry in state.items()}

    def track(name: str) -> _Track:
        return tracks.setdefault(clean.names.key(name), _Track())

    def counts(name: str) -> bool:
        # what is in neither state has no kind
        kind = known.get(name) or kinds.of_name(name)
        return kind not in NOT_READ and not is_ignored(name, clean.ignored)

    changed = {name for event in outcome.history for name, _ in event.changed if counts(name)}
    if not changed:
        return []
    keys = {clean.names.key(name) for name in changed}
    _fill(tracks, keys, outcome.before, clean)
    first, rest = _split(outcome.history, second_only)
    for event in first:
        for name, what in event.changed:
            if name in changed:
                _move(track(name), name, what)
    for each in tracks.values():
        each.was_there, each.deleted, each.created = bool(each.present), 0, 0
    for event in rest:
        for name, what in event.changed:
            if name in changed:
                _step(track(name), name, what, event)
    return _found(tracks, outcome, clean)


def _fill(tracks: dict[str, _Track], keys: set[str], before: Mapping[str, Entry], clean: Clean) -> None:
    for name, entry in before.items():
        if entry.kind not in NOT_READ:
            key = clean.names.key(name)
            if key in keys:
                tracks.setdefault(key, _Track()).present.add(name)


def _split(history: History, second_only: bool) -> tuple[Sequence[Event], Sequence[Event]]:
    if not second_only or not history:
        return (), history
    actor = history[0].actor
    at = next((i for i, event in enumerate(history) if event.actor != actor), len(history))
    return history[:at], history[at:]


def _move(track: _Track, name: str, what: str) -> None:
    if what == "deleted":
        track.present.discard(name)
        track.deleted += 1
    else:
        track.present.add(name)
        track.created += what == "created"


def _step(track: _Track, name: str, what: str, event: Event) -> None:
    was = bool(track.present)
    _move(track, name, what)
    if was and not track.present and track.was_there:
        track.gone_at = event
    elif not was and track.present and track.gone_at is not None:
        track.gap = track.gap or track.gone_at


def _found(tracks: dict[str, _Track], outcome: Outcome, clean: Clean) -> list[Gap]:
    after = Counter(clean.names.key(name) for name in outcome.after)
    found = []
    for key, track in sorted(tracks.items()):
        if track.gap is not None and track.present and after[key]:
            found.append(Gap(key, min(track.present), track.deleted, track.created, track.gap))
    return found
