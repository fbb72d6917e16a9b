"""Comparing a run's final state with what one clean run leaves: what is missing, extra or has another content."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_dagguard.model.outcome import Content
from pytest_dagguard.model.state import Entry
from pytest_dagguard.oracle import headers
from pytest_dagguard.oracle.ladder import BYTES, Rule, lossless, signature
from pytest_dagguard.oracle.names import readable
from pytest_dagguard.oracle.noise import Clean, Group, Key, bytes_of, is_ignored

Member = tuple[str, Entry]
MISSING, EXTRA, CONTENT, HEADERS = "missing", "extra", "content", "headers"


@dataclass(frozen=True, slots=True)
class Difference:
    """One resource that is not as one clean run leaves it.

    :param how: ``missing``, ``extra``, ``content`` or ``headers``
    :param kind: of the entry
    :param key: key of the templated name
    :param label: the templated name for people
    :param wanted: name and entry of a clean run; None where it leaves none
    :param found: name and entry of this run; None where it is missing
    :param expected: how many of this template one clean run leaves
    :param actual: how many this run leaves
    :param rule: how their content is compared
    """

    how: str
    kind: str
    key: str
    label: str
    wanted: Member | None
    found: Member | None
    expected: int
    actual: int
    rule: Rule

    @property
    def name(self) -> str:
        """The concrete name in this run, or in a clean one where it is missing."""
        member = self.found or self.wanted
        return member[0] if member else self.label


def compare(clean: Clean, after: Mapping[str, Entry], content: Content) -> list[Difference]:
    """Every difference between what one clean run leaves and ``after``, sorted by template.

    :raises KeyError: ``content`` does not know a digest of one of the runs
    """
    actual = grouped(clean, after)
    found: list[Difference] = []
    for key in sorted(clean.groups.keys() | actual.keys()):
        group = clean.groups.get(key) or Group(readable(key[1]), ())
        members = actual.get(key, [])
        alike = len(group.members) == len(members) == 1 and group.members[0][1].digest == members[0][1].digest
        differences = [] if alike else _of_group(key, group, members, content)
        found.extend(differences or _of_headers(key, group, members))
    return found


def grouped(clean: Clean, after: Mapping[str, Entry]) -> dict[Key, list[Member]]:
    """A state by kind and templated name, without what is ignored."""
    actual: defaultdict[Key, list[Member]] = defaultdict(list)
    known, key_of = clean.names.known, clean.names.key
    for name in sorted(after):
        if clean.ignored and is_ignored(name, clean.ignored):
            continue
        entry = after[name]
        actual[entry.kind, name if name in known else key_of(name)].append((name, entry))
    return dict(actual)


def _of_group(key: Key, group: Group, actual: Sequence[Member], content: Content) -> list[Difference]:
    rule = group.rule
    wanted, found = _unmatched(group.members, actual, [entry.digest for _, entry in group.members], None)
    if wanted and found:
        if rule.rung == BYTES and rule.shape is None:
            name, entry = wanted[0]
            rule = lossless(bytes_of(entry, content), name, entry.kind)
        signatures = {entry.digest: signature(bytes_of(entry, content), rule) for _, entry in (*wanted, *found)}
        wanted, found = _unmatched(wanted, found, [signatures[entry.digest] for _, entry in wanted], signatures)
    base = Difference(CONTENT, key[0], key[1], group.label, None, None, len(group.members), len(actual), rule)
    pairs = min(len(wanted), len(found))
    # Which of several is the extra one cannot be told; the last by name is as good as any.
    return [
        *(replace(base, wanted=w, found=f) for w, f in zip(wanted, found, strict=False)),
        *(replace(base, how=MISSING, wanted=each) for each in wanted[pairs:]),
        *(replace(base, how=EXTRA, found=each) for each in found[pairs:]),
    ]


def _of_headers(key: Key, group: Group, actual: Sequence[Member]) -> list[Difference]:
    """Where the contents are all as they should be: the first member that has other headers."""
    wanted, found = (headers.unlike(a, b, group.loose) for a, b in ((group.members, actual), (actual, group.members)))
    if not wanted or not found:
        return []
    sizes = len(group.members), len(actual)
    return [Difference(HEADERS, key[0], key[1], group.label, wanted[0], found[0], *sizes, group.rule)]


def _unmatched(
    wanted: Sequence[Member], found: Sequence[Member], terms: Sequence[str], signatures: Mapping[str, str] | None
) -> tuple[list[Member], list[Member]]:
    """What remains on both sides once equal contents are paired off.

    :param terms: for each of ``wanted`` what its content is compared by
    :param signatures: digest -> the same for ``found``; None: the digest itself
    """
    open_terms = Counter(terms)
    rest = []
    for member in found:
        term = member[1].digest if signatures is None else signatures[member[1].digest]
        if open_terms[term]:
            open_terms[term] -= 1
        else:
            rest.append(member)
    remaining = []
    for member, term in zip(reversed(wanted), reversed(terms), strict=True):
        if open_terms[term]:
            open_terms[term] -= 1
            remaining.append(member)
    return remaining[::-1], rest
