"""What a service keeps beside the content: content type, user metadata, tags."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from pytest_dagguard.model.state import Entry

Member = tuple[str, Entry]
Headers = tuple[tuple[str, str], ...]

_OF_FILES = re.compile(r"[acm]time\b|goog-reserved-|attrs$", re.IGNORECASE)
"""Names under which copying tools keep what a file system said of a file: its times are the machine's."""


def counting(headers: Headers, loose: frozenset[str]) -> Headers:
    """The headers that count."""
    return tuple((name, value) for name, value in headers if name not in loose and not _OF_FILES.search(name))


def varying(left: Sequence[Member], right: Sequence[Member]) -> frozenset[str]:
    """Names of headers whose values are not the same in two clean runs."""
    counts = [Counter(pair for _, entry in side for pair in entry.headers) for side in (left, right)]
    return frozenset(name for name, _ in (counts[0] - counts[1]) + (counts[1] - counts[0]))


def unlike(members: Sequence[Member], others: Sequence[Member], loose: frozenset[str]) -> list[Member]:
    """Those of the first whose headers none of the second has left over."""
    free = Counter(counting(entry.headers, loose) for _, entry in others)
    rest = []
    for member in members:
        headers = counting(member[1].headers, loose)
        if free[headers]:
            free[headers] -= 1
        else:
            rest.append(member)
    return rest


def difference(wanted: Entry, found: Entry, loose: frozenset[str]) -> str:
    """The first header in which two entries differ, to follow the resource's name."""
    ours, theirs = dict(counting(wanted.headers, loose)), dict(counting(found.headers, loose))
    name = min(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
    said = f"{theirs[name]!r}" if name in theirs else "nothing"
    return f"has {said} as its {name} where one clean run leaves {repr(ours[name]) if name in ours else 'nothing'}"
