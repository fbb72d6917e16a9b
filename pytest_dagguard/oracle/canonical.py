"""What a resource is as far as a retry goes: its content without what varies between two clean runs.

Two states that differ in a time stamp, in the order of rows or in the bytes around compressed data alone are one state:
the task makes nothing of the difference, or two clean runs would have shown it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_dagguard.model.outcome import Content
from pytest_dagguard.model.state import Entry
from pytest_dagguard.oracle import kinds, ties
from pytest_dagguard.oracle.diff import grouped
from pytest_dagguard.oracle.headers import Headers, counting
from pytest_dagguard.oracle.ladder import BYTES, PRESENCE, Rule, signature
from pytest_dagguard.oracle.noise import Clean, is_ignored

NONE: Mapping[str, Headers] = {}


@dataclass(slots=True)
class Canon:
    """Names states by what does not vary in them.

    :param content: gives bytes by digest; None: contents are told apart by their bytes
    """

    clean: Clean
    content: Content | None = None
    _known: dict[tuple[str, str], str] = field(default_factory=dict)

    def rows(
        self, changes: Mapping[str, str], before: Mapping[str, Entry], beside: Mapping[str, Headers] = NONE
    ) -> list[tuple[str, str]]:
        """What differs from the state before: (templated name, what its content comes to), sorted.

        What need not be idempotent is no part of it: an append-only log would make a new state of each try. Unfinished
        uploads that are alike count once: each killed try may leave one more, and no task goes by their number.

        :param changes: name -> digest of its content, empty where it is gone
        :param beside: name -> what is kept beside its content
        """
        rows, uploads = [], set()
        for name, digest in changes.items():
            old = before.get(name)
            headers = self._headers(name, beside.get(name, ()))
            same = digest == (old.digest if old is not None else "")
            if same and name in beside:
                same = headers == self._headers(name, old.headers if old is not None else ())
            if same or is_ignored(name, self.clean.ignored):
                continue
            row = self.clean.names.key(name), self._of(name, digest) + headers
            if name.partition("://")[0].endswith("-upload"):
                uploads.add(row)
            else:
                rows.append(row)
        return sorted([*rows, *uploads, *self._untied(changes, before)])

    def _headers(self, name: str, beside: Headers) -> str:
        """What counts of that; of what a clean run does not leave it is not known what varies, so nothing does."""
        group = self.clean.groups.get((kinds.of_name(name), self.clean.names.key(name)))
        kept = counting(beside, group.loose) if group is not None else ()
        return repr(kept) if kept else ""

    def _of(self, name: str, digest: str) -> str:
        if not digest or self.content is None:
            return digest
        key = self.clean.names.key(name)
        if (key, digest) not in self._known:
            rule = self._rule(name, key)
            by_bytes = rule is None or rule.rung in (BYTES, PRESENCE)
            self._known[key, digest] = digest if rule is None or by_bytes else signature(self.content(digest), rule)
        return self._known[key, digest]

    def _rule(self, name: str, key: str) -> Rule | None:
        group = self.clean.groups.get((kinds.of_name(name), key))
        return group.rule if group is not None else self.clean.passing.get(key)

    def _untied(self, changes: Mapping[str, str], before: Mapping[str, Entry]) -> list[tuple[str, str]]:
        """Pairs of which each is of another attempt: to a task that reads both this is another state."""
        if not self.clean.ties or self.content is None:
            return []
        state = {name: entry for name, entry in before.items() if name not in changes}
        for name, digest in changes.items():
            if digest:
                state[name] = Entry(kinds.of_name(name), digest, len(self.content(digest)))
        members = grouped(self.clean, state)
        rules = {key: group.rule for key, group in self.clean.groups.items()}
        return [
            (f"\x00{tie.part.key}", str(tie.whole.key))
            for tie, _ in ties.broken(self.clean.ties, members, rules, self.content)
        ]
